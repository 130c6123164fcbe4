/** What goes into a model beside its weights, and what those who look inside get out. */

import { checkpoint, logicalAnd, type Tensor } from "@dl/core";
import type { KeyValueMemory } from "./key-value-cache.ts";

/** Token ids of one batch; everything but the ids may be left out. */
export interface TokenInput {
  /** `[B, T]` int32. */
  readonly ids: Tensor;
  /** `[B, S]` bool, true at real tokens; S counts what a cache holds already, too. Default: all are real. */
  readonly mask?: Tensor | undefined;
  /** `[B, T]` int32, or `[T]` for all rows alike. Default: counted from what the cache holds. */
  readonly positions?: Tensor | undefined;
  /** `[B, T]` int32, which of two texts a token is of (BERT's `token_type_ids`). Default 0. */
  readonly segments?: Tensor | undefined;
  /** `[B, T, C]`, in place of the vectors of `ids`: soft prompts. Default: looked up. */
  readonly embeddings?: Tensor | undefined;
}

/** Collects what happens inside one forward pass, in order. Give empty lists; tensors live as long as the scope. */
export interface Trace {
  /** `[B, T, C]`: the embeddings, then what each block gave; the last one normalised where the model ends with a norm. */
  readonly hiddenStates?: Tensor[] | undefined;
  /** `[B, H, T, S]` of each block, before dropout. Asking for them costs the fused attention kernel. */
  readonly attentions?: Tensor[] | undefined;
  /** The same of the attention to the encoder. */
  readonly crossAttentions?: Tensor[] | undefined;
}

export interface ForwardOptions {
  /** Keys and values of the tokens before. Default none. */
  readonly cache?: KeyValueMemory | undefined;
  /** Default: nothing is collected. */
  readonly trace?: Trace | undefined;
  /** Frees what blocks keep for the gradient and computes it again on the way back: less memory, more time. Not with a trace. Default false. */
  readonly recompute?: boolean | undefined;
}

/** A block's work, kept for the gradient or done again. */
export function runBlock(work: () => Tensor, { recompute = false, trace }: Pick<ForwardOptions, "recompute" | "trace">): Tensor {
  // What is collected would be collected twice, and freed.
  return recompute && trace === undefined ? checkpoint(work) : work();
}

/** `[B, S]` padding as attention takes it: `[B, 1, 1, S]`. */
export function paddingMask(mask: Tensor): Tensor {
  return mask.reshape([mask.shape[0]!, 1, 1, mask.shape[1]!]);
}

/** Both masks, where there are two. */
export function bothMasks(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined {
  return a && b ? logicalAnd(a, b) : (a ?? b);
}
