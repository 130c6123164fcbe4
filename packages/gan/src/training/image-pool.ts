/** Fakes of earlier steps for the discriminator, so that it does not forget them. Shrivastava et al. 2017, arXiv:1612.07828, section 2.3. */

import { type HostTensor, hostTensor, OptionError, type Rng, ShapeError } from "@dl/core";
import type { Callback } from "@dl/train";

/** Keeps up to `size` examples on the host; half of those it gives are old, once it is full. Among the callbacks of a run, checkpoints keep it. */
export class ImagePool implements Callback {
  readonly name: string;
  readonly #size: number;
  #kept: Float32Array[] = [];

  /**
   * @param size  The paper's is 50.
   * @param options.name  Of the pool in checkpoints. Default `imagePool`.
   */
  constructor(size = 50, { name = "imagePool" }: { name?: string } = {}) {
    if (!Number.isInteger(size) || size < 1) throw new OptionError(`ImagePool: expected a whole size ≥ 1, got ${size}.`);
    this.#size = size;
    this.name = name;
  }

  tensors(): ReadonlyMap<string, HostTensor> {
    return new Map(this.#kept.map((data, i) => [String(i), hostTensor(data, [data.length])]));
  }

  restoreTensors(tensors: ReadonlyMap<string, HostTensor>): void {
    this.#kept = Array.from({ length: tensors.size }, (_, i) => tensors.get(String(i))!.data as Float32Array);
  }

  /** As many examples as `fresh` `[B, …]` holds: new ones, or old ones whose place the new ones take. */
  exchange(fresh: HostTensor, { rng }: { rng: Rng }): HostTensor {
    const count = fresh.shape[0]!;
    const length = fresh.data.length / count;
    if (this.#kept.length > 0 && this.#kept[0]!.length !== length) {
      throw new ShapeError(`ImagePool.exchange: expected examples of ${this.#kept[0]!.length} numbers, as before, got ${length}.`);
    }
    const data = new Float32Array(fresh.data.length);
    for (let i = 0; i < count; i++) {
      const own: Float32Array = Float32Array.from(fresh.data.subarray(i * length, (i + 1) * length));
      let given: Float32Array = own;
      if (this.#kept.length < this.#size) this.#kept.push(own);
      else if (rng.float() < 0.5) {
        const at = rng.integer(0, this.#size);
        given = this.#kept[at]!;
        this.#kept[at] = own;
      }
      data.set(given, i * length);
    }
    return hostTensor(data, fresh.shape);
  }
}
