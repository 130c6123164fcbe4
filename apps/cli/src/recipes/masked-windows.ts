/** Running text as windows of one length with some tokens hidden: what a masked language model learns from. Devlin et al. 2018, section 3.1; Liu et al. 2019, section 4.2. */

import { gather, hostTensor, type Rng, range, type Scalar, type Tensor } from "@dl/core";
import type { Dataset, Example, Tokenizer, Transform } from "@dl/data";
import { crossEntropy, type Mode } from "@dl/nn";
import type { Tensors } from "@dl/train";
import type { MaskedLanguageModel } from "@dl/transformer";
import { tokenId } from "./model-recipe.ts";

/** Ids `[T]` of a window; hidden `places` in it and the `targets` that stood there, `[K]` each. */
export type MaskedWindow = Example<"ids" | "places" | "targets">;

/** Tokens of all texts one after the other, cut into pieces of `size` with `[CLS]` before and `[SEP]` behind; what is left over is dropped. */
export function packWindows(texts: Iterable<string>, { tokenizer, size }: { tokenizer: Tokenizer; size: number }): Int32Array[] {
  const [first, last] = [tokenId(tokenizer, "[CLS]"), tokenId(tokenizer, "[SEP]")];
  const windows: Int32Array[] = [];
  let window = Int32Array.of(first, ...new Array<number>(size - 1).fill(last));
  let filled = 1;
  for (const text of texts) {
    // A text ends with [SEP], so that windows know where sentences do.
    for (const id of [...tokenizer.encode(text, { addSpecialTokens: false }).ids, last]) {
      window[filled++] = id;
      if (filled < size - 1) continue;
      windows.push(window);
      window = Int32Array.of(first, ...new Array<number>(size - 1).fill(last));
      filled = 1;
    }
  }
  return windows;
}

/** Windows with room for what `hidePlaces` hides. */
export function windowsDataset(windows: readonly Int32Array[], { hidden }: { hidden: number }): Dataset<MaskedWindow> {
  return {
    length: windows.length,
    get: (index) => ({
      ids: hostTensor(windows[index]!, [windows[index]!.length]),
      places: hostTensor(new Int32Array(hidden), [hidden]),
      targets: hostTensor(new Int32Array(hidden), [hidden]),
    }),
  };
}

export interface HideOptions {
  readonly maskId: number;
  readonly vocabulary: number;
  /** Never hidden. */
  readonly special: ReadonlySet<number>;
  /** Where each window's chance comes from, by its number in the dataset; default: other places every time. */
  readonly stream?: (index: number) => Rng;
}

/** Hides so many tokens of each window: 80 % under the mask, 10 % under another token, 10 % where they are. */
export function hidePlaces({ maskId, vocabulary, special, stream }: HideOptions): Transform<MaskedWindow> {
  return ({ ids, places, targets }, { rng, indices }) => {
    const [rows, time] = ids.shape as readonly [number, number];
    const hidden = places.shape[1]!;
    for (let row = 0; row < rows; row++) {
      const chance = stream ? stream(indices[row]!) : rng(row);
      let count = 0;
      for (const place of chance.permutation(time)) {
        if (count === hidden) break;
        const at = row * time + place;
        const id = ids.data[at]!;
        if (special.has(id)) continue;
        places.data[row * hidden + count] = place;
        targets.data[row * hidden + count] = id;
        count++;
        const fate = chance.float();
        if (fate < 0.8) ids.data[at] = maskId;
        else if (fate < 0.9) ids.data[at] = chance.integer(0, vocabulary);
      }
      // A window of almost nothing but special tokens: its first ones are guessed, and easily.
      for (; count < hidden; count++) targets.data[row * hidden + count] = ids.data[row * time]!;
    }
  };
}

/** The mean loss of the hidden tokens; logits are computed for them alone. */
export function maskedLoss(model: MaskedLanguageModel, { ids, places, targets }: Tensors<MaskedWindow>, mode: Mode): Scalar {
  const [rows, time] = ids.shape as readonly [number, number];
  const hidden = model.encoder.forward({ ids }, mode); // [B, T, C]
  const flat = places.add(range(rows * time, { step: time }).reshape([rows, 1])).reshape([-1]); // [B · K]
  const chosen = gather(hidden.reshape([rows * time, -1]), flat, { axis: 0 }); // [B · K, C]
  return crossEntropy(model.logits(chosen), targets.reshape([-1]) as Tensor);
}
