/** Counters and histograms in Prometheus' text format. https://prometheus.io/docs/instrumenting/exposition_formats */

/** A number that only grows, by label. */
export class Counter {
  readonly #name: string;
  readonly #help: string;
  readonly #label: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, { help, label }: { help: string; label: string }) {
    this.#name = name;
    this.#help = help;
    this.#label = label;
  }

  add(value: string): void {
    this.#values.set(value, (this.#values.get(value) ?? 0) + 1);
  }

  text(): string {
    const rows = [...this.#values].sort().map(([value, count]) => `${this.#name}{${this.#label}=${JSON.stringify(value)}} ${count}`);
    return [`# HELP ${this.#name} ${this.#help}`, `# TYPE ${this.#name} counter`, ...rows].join("\n");
  }
}

/** How often a value was at most each of some bounds. */
export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(name: string, { help, bounds }: { help: string; bounds: readonly number[] }) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#bounds.forEach((bound, i) => {
      if (value <= bound) this.#counts[i]!++;
    });
    this.#sum += value;
    this.#count++;
  }

  text(): string {
    const rows = this.#bounds.map((bound, i) => `${this.#name}_bucket{le="${bound}"} ${this.#counts[i]}`);
    return [
      `# HELP ${this.#name} ${this.#help}`,
      `# TYPE ${this.#name} histogram`,
      ...rows,
      `${this.#name}_bucket{le="+Inf"} ${this.#count}`,
      `${this.#name}_sum ${this.#sum}`,
      `${this.#name}_count ${this.#count}`,
    ].join("\n");
  }
}

/** A number as it is now. */
export function gauge(name: string, { help, value }: { help: string; value: number }): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}`;
}
