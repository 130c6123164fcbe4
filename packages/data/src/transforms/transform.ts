/** Changes made to a batch after it is gathered: normalisation, augmentation. */

import { OptionError, Rng, threefry2x32 } from "@dl/core";
import type { Example } from "../dataset.ts";

/** What a transform may know beside the batch. */
export interface TransformContext {
  /** Number of each example in its dataset, `[B]`. */
  readonly indices: Int32Array;
  /**
   * The random stream of row `row`: it depends on the rng given to `batches`, on the transform's place in the list, on the example's number
   * and on how often it came before in the pass, and on nothing else. So neither batch size nor the number of workers changes what an
   * example gets, nor the order, unless that repeats it: then each time is another.
   */
  rng(row: number): Rng;
}

/** Changes `batch` in place: either the numbers in its arrays, or the arrays themselves (`batch.images = …`). */
export type Transform<E extends Example = Example> = (batch: E, context: TransformContext) => void;

/** Any batch that has images, float32 `[B, H, W, C]`. */
export type ImageBatch = Example<"images">;

/** Any batch that has images and labels: int32 `[B]`, or float32 `[B, classes]` once they are mixed. */
export type LabelledImageBatch = Example<"images" | "labels">;

/** Runs `transforms` over one batch, each with its own streams. */
export class Pipeline<E extends Example> {
  readonly #steps: readonly { readonly transform: Transform<E>; readonly key: readonly [number, number] | undefined }[];

  constructor(transforms: readonly Transform<E>[], rng: Rng | undefined) {
    const pass = rng === undefined ? undefined : Rng.fromState({ key: rng.nextKey(), position: 0 });
    this.#steps = transforms.map((transform, place) => ({ transform, key: pass?.fork(`transform ${place}`).nextKey() }));
  }

  /** `occurrences`, one a row: how often the example came before in the pass. Default 0. */
  apply(batch: E, indices: Int32Array, { occurrences }: { occurrences?: Int32Array | undefined } = {}): void {
    for (const { transform, key } of this.#steps) {
      transform(batch, { indices, rng: (row) => exampleRng(key, { index: indices[row]!, occurrence: occurrences?.[row] ?? 0 }) });
    }
  }
}

function exampleRng(
  key: readonly [number, number] | undefined,
  { index, occurrence }: { readonly index: number; readonly occurrence: number },
): Rng {
  if (key === undefined) {
    throw new OptionError('batches: expected an rng for a random transform, got none. Pass rng: rng.fork("augment"), one fork an epoch.');
  }
  // One block under the transform's key is the example's key: a fork by name would hash every digit of the index.
  const words = new Int32Array(2);
  threefry2x32(key[0], key[1], [occurrence, index], words, 0);
  return Rng.fromState({ key: [words[0]!, words[1]!], position: 0 });
}
