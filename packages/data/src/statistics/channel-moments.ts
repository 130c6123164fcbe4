/** Mean and deviation of every channel, part by part: Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances", equation 2.1. */

/** Sums in float64 that lose no digits where the sum of squares would. Every part has as many channels as the first, last in its order, and a pixel. */
export class ChannelMoments {
  readonly #mean: number[] = [];
  readonly #squares: number[] = [];
  #seen = 0;

  add(data: ArrayLike<number>, channels: number): void {
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

  /** Of the population, divided by N; undefined where nothing was added. */
  result(): { mean: number[]; standardDeviation: number[] } | undefined {
    if (this.#seen === 0) return undefined;
    return { mean: this.#mean, standardDeviation: this.#squares.map((sum) => Math.sqrt(sum / this.#seen)) };
  }
}
