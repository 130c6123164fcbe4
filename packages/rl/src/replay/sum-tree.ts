/** A binary tree of sums: drawing in proportion to weights that change, in logarithmic time. Schaul et al. 2016, appendix B.2.1. */

/** @internal Leaves `0 … size − 1`, all 0 at first. */
export class SumTree {
  readonly #first: number;
  readonly #sums: Float64Array;

  constructor(size: number) {
    this.#first = 2 ** Math.ceil(Math.log2(Math.max(size, 1)));
    this.#sums = new Float64Array(2 * this.#first);
  }

  get total(): number {
    return this.#sums[1]!;
  }

  get(leaf: number): number {
    return this.#sums[this.#first + leaf]!;
  }

  set(leaf: number, value: number): void {
    let node = this.#first + leaf;
    this.#sums[node] = value;
    // Summed anew, not adjusted by the difference: rounding errors do not pile up.
    for (node >>= 1; node >= 1; node >>= 1) this.#sums[node] = this.#sums[2 * node]! + this.#sums[2 * node + 1]!;
  }

  /** The leaf at which the running sum passes `target`. */
  find(target: number): number {
    let node = 1;
    while (node < this.#first) {
      const left = this.#sums[2 * node]!;
      if (target < left || this.#sums[2 * node + 1] === 0) node = 2 * node;
      else {
        target -= left;
        node = 2 * node + 1;
      }
    }
    return node - this.#first;
  }
}
