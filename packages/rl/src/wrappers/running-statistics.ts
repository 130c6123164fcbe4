/** Mean and variance of a stream, without keeping it. Chan, Golub and LeVeque 1983. */

import { CheckpointError } from "@dl/core";

/** What `RunningStatistics` knows; plain JSON. */
export interface StatisticsState {
  readonly count: number;
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

/** Element by element, over vectors of `size`. */
export class RunningStatistics {
  readonly size: number;
  mean: Float64Array;
  /** Of the population, not of a sample. */
  variance: Float64Array;
  count = 0;

  constructor(size: number) {
    this.size = size;
    this.mean = new Float64Array(size);
    this.variance = new Float64Array(size).fill(1);
  }

  /** Takes in rows of `size`, one after the other in `data`. */
  update(data: ArrayLike<number>): void {
    const rows = data.length / this.size;
    const total = this.count + rows;
    for (let i = 0; i < this.size; i++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += data[row * this.size + i]!;
      const mean = sum / rows;
      let squares = 0;
      for (let row = 0; row < rows; row++) squares += (data[row * this.size + i]! - mean) ** 2;
      const delta = mean - this.mean[i]!;
      const before = this.count === 0 ? 0 : this.variance[i]! * this.count;
      this.variance[i] = (before + squares + (delta * delta * this.count * rows) / total) / total;
      this.mean[i]! += (delta * rows) / total;
    }
    this.count = total;
  }

  state(): StatisticsState {
    return { count: this.count, mean: [...this.mean], variance: [...this.variance] };
  }

  restore({ count, mean, variance }: StatisticsState): void {
    if (mean.length !== this.size || variance.length !== this.size) {
      throw new CheckpointError(`RunningStatistics.restore: expected ${this.size} elements, got ${mean.length}.`);
    }
    this.count = count;
    this.mean = Float64Array.from(mean);
    this.variance = Float64Array.from(variance);
  }
}
