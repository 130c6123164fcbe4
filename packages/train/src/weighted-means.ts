/** Means of logged numbers, each batch weighted by its examples, summed in float64; over the batches that tell a number, for not all need to. */

import type { Metrics } from "./callback.ts";

export class WeightedMeans {
  #sums: Record<string, number> = {};
  #counts: Record<string, number> = {};
  #examples = 0;

  add(metrics: Metrics, examples: number): void {
    for (const [name, value] of Object.entries(metrics)) {
      this.#sums[name] = (this.#sums[name] ?? 0) + value * examples;
      this.#counts[name] = (this.#counts[name] ?? 0) + examples;
    }
    this.#examples += examples;
  }

  /** Examples counted so far. */
  get examples(): number {
    return this.#examples;
  }

  result(): Metrics {
    return Object.fromEntries(Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.#counts[name]!]));
  }

  reset(): void {
    this.#sums = {};
    this.#counts = {};
    this.#examples = 0;
  }

  state(): { sums: Metrics; counts: Metrics; examples: number } {
    return { sums: { ...this.#sums }, counts: { ...this.#counts }, examples: this.#examples };
  }

  restore({ sums, counts, examples }: { readonly sums: Metrics; readonly counts?: Metrics; readonly examples: number }): void {
    this.#sums = { ...sums };
    this.#counts = counts ? { ...counts } : Object.fromEntries(Object.keys(sums).map((name) => [name, examples]));
    this.#examples = examples;
  }
}
