/** Mean and deviation of every channel, image by image. Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances". */

import type { HostTensor } from "@dl/core";

/** Of images `[H, W, C]`, all with as many channels as the first; others are left out. */
export class ChannelMoments {
  readonly #mean: number[] = [];
  readonly #squares: number[] = [];
  #seen = 0;
  #channels: number | undefined;

  add({ shape, data }: HostTensor): void {
    const channels = shape[2]!;
    this.#channels ??= channels;
    if (channels !== this.#channels || data.length === 0) return;
    const pixels = data.length / channels;
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = c; i < data.length; i += channels) sum += data[i]!;
      const mean = sum / pixels;
      let squares = 0;
      for (let i = c; i < data.length; i += channels) squares += (data[i]! - mean) ** 2;
      const distance = mean - (this.#mean[c] ?? 0);
      this.#squares[c] = (this.#squares[c] ?? 0) + squares + (distance ** 2 * this.#seen * pixels) / (this.#seen + pixels);
      this.#mean[c] = (this.#mean[c] ?? 0) + (distance * pixels) / (this.#seen + pixels);
    }
    this.#seen += pixels;
  }

  result(): { mean: number[]; standardDeviation: number[] } | undefined {
    if (this.#seen === 0) return undefined;
    return { mean: this.#mean, standardDeviation: this.#squares.map((sum) => Math.sqrt(sum / this.#seen)) };
  }
}
