/** The output layer that shares its weights with the token embedding. Press and Wolf 2016, arXiv:1608.05859. */

import { matmul, type Tensor } from "@dl/core";
import type { Embedding } from "@dl/nn";
import type { SharedCopy } from "./huggingface/pretrained.ts";

/** The output layer in a file that holds it beside the embedding it should be. */
export const tiedHead: SharedCopy = { name: /^lm_head\.weight$/, path: "tokens.weight", untied: { tie_word_embeddings: false } };

/** `[…, C]` → `[…, count]`: how much each vector is like each row of the table. */
export function tiedLogits(hidden: Tensor, embedding: Embedding): Tensor {
  const [count, size] = embedding.weight.shape as readonly [number, number];
  // One large product, not one a row of the batch.
  const flat = matmul(hidden.reshape([-1, size]), embedding.weight.value, { transposeB: true });
  return flat.reshape([...hidden.shape.slice(0, -1), count]);
}
