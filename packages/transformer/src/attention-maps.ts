/** What a transformer looked at, and what it would say at each layer, as data. */

import { type HostTensor, hostTensor, ShapeError, type Tensor } from "@dl/core";
import { MaskedLanguageModel } from "./heads/masked-language-model.ts";

/**
 * How much each token of the input counts in each of the output: attention of all layers multiplied, with half for the branch around each.
 * Abnar and Zuidema 2020, arXiv:2005.00928, section 3.
 *
 * @param attentions  Of each layer, first layer first, `[B, H, T, T]` on the host: `trace.attentions`
 * @returns `[B, T, T]`; each row sums to 1.
 */
export function attentionRollout(attentions: readonly HostTensor[]): HostTensor {
  const [batch, , time] = checked(attentions);
  const square = time * time;
  const total = new Float64Array(batch * square);
  for (let i = 0; i < batch * time; i++) total[Math.floor(i / time) * square + (i % time) * (time + 1)] = 1;
  for (const layer of attentions) {
    const mean = headMean(layer).data;
    for (let row = 0; row < batch; row++) {
      const base = row * square;
      const next = new Float64Array(square);
      for (let q = 0; q < time; q++) {
        for (let k = 0; k < time; k++) {
          const weight = 0.5 * mean[base + q * time + k]! + (q === k ? 0.5 : 0);
          if (weight === 0) continue;
          for (let j = 0; j < time; j++) next[q * time + j]! += weight * total[base + k * time + j]!;
        }
      }
      total.set(next, base);
    }
  }
  return hostTensor(Float32Array.from(total), [batch, time, time]);
}

/** The mean over the heads: `[B, H, T, S]` → `[B, T, S]`. */
export function headMean({ data, shape }: HostTensor): HostTensor {
  const [batch, heads, time, keys] = shape as readonly [number, number, number, number];
  const size = time * keys;
  const mean = Float32Array.from({ length: batch * size }, (_, i) => {
    const [row, at] = [Math.floor(i / size), i % size];
    let sum = 0;
    for (let head = 0; head < heads; head++) sum += data[(row * heads + head) * size + at]!;
    return sum / heads;
  });
  return hostTensor(mean, [batch, time, keys]);
}

/**
 * The logit lens: what the output layer makes of each layer's vectors. nostalgebraist 2020, "interpreting GPT: the logit lens".
 *
 * @param model         A decoder, or what else ends in a norm and an output layer; or an encoder with the head that names hidden tokens
 * @param hiddenStates  `trace.hiddenStates`, inside the same `compute`; the last is normalised already
 * @returns Of each layer, logits `[B, T, vocabulary]`.
 */
export function logitLens(
  model: MaskedLanguageModel | { readonly norm: { forward(x: Tensor): Tensor }; logits(hidden: Tensor): Tensor },
  hiddenStates: readonly Tensor[],
): Tensor[] {
  // Each block of an encoder ends in its norm; the head's own is a part of `logits`.
  if (model instanceof MaskedLanguageModel) return hiddenStates.map((hidden) => model.logits(hidden));
  return hiddenStates.map((hidden, i) => model.logits(i === hiddenStates.length - 1 ? hidden : model.norm.forward(hidden)));
}

function checked(attentions: readonly HostTensor[]): readonly [number, number, number] {
  const [first] = attentions;
  const [batch = 0, heads = 0, time = 0, keys = 0] = first?.shape ?? [];
  const fits =
    first !== undefined &&
    first.shape.length === 4 &&
    time === keys &&
    attentions.every(({ shape }) => shape.join() === first.shape.join());
  if (!fits) throw new ShapeError("attentionRollout: expected the attention of each layer, [B, H, T, T] all alike, got others or none.");
  return [batch, heads, time];
}
