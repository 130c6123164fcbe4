/** Means of logged numbers, each batch weighted by its examples, summed in float64. */

import type { Metrics } from "./callback.ts";

export class WeightedMeans {
  #sums: Record<string, number> = {};
  #examples = 0;

  add(metrics: Metrics, examples: number): void {
    for (const [name, value] of Object.entries(metrics)) this.#sums[name] = (this.#sums[name] ?? 0) + value * examples;
    this.#examples += examples;
  }

  /** Examples counted so far. */
  get examples(): number {
    return this.#examples;
  }

  result(): Metrics {
    return Object.fromEntries(Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.#examples]));
  }

  reset(): void {
    this.#sums = {};
    this.#examples = 0;
  }

  state(): { sums: Metrics; examples: number } {
    return { sums: { ...this.#sums }, examples: this.#examples };
  }

  restore({ sums, examples }: { readonly sums: Metrics; readonly examples: number }): void {
    this.#sums = { ...sums };
    this.#examples = examples;
  }
}
