/** Means of metrics over the steps that have them: the generator's are missing where the discriminator moves alone. */

import type { Metrics } from "@dl/train";

export class MetricMeans {
  #sums: Record<string, number> = {};
  #counts: Record<string, number> = {};

  add(metrics: Metrics): void {
    for (const [name, value] of Object.entries(metrics)) {
      this.#sums[name] = (this.#sums[name] ?? 0) + value;
      this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    }
  }

  result(): Metrics {
    return Object.fromEntries(Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.#counts[name]!]));
  }

  reset(): void {
    this.#sums = {};
    this.#counts = {};
  }

  state(): { sums: Metrics; counts: Metrics } {
    return { sums: { ...this.#sums }, counts: { ...this.#counts } };
  }

  restore({ sums, counts }: { readonly sums: Metrics; readonly counts: Metrics }): void {
    this.#sums = { ...sums };
    this.#counts = { ...counts };
  }
}
