/** Texts of any length as rows of one length, without padding: one after the other, each with its end token. Brown et al. 2020, arXiv:2005.14165, section 2.3. */

import { DataError, type HostTensor, hostTensor } from "@dl/core";

/**
 * `[rows, size]`; what does not fill a last row is left out. With `size` one more than the model's context, each row gives inputs and labels.
 *
 * @throws DataError when there are fewer tokens than one row.
 * @example
 * packTexts([[1, 2, 3], [4, 5]], { size: 3, endId: 0 }).data; // [1, 2, 3, 0, 4, 5]
 */
export function packTexts(texts: Iterable<readonly number[]>, { size, endId }: { size: number; endId: number }): HostTensor {
  const all: number[] = [];
  for (const text of texts) {
    for (const id of text) all.push(id);
    all.push(endId);
  }
  const rows = Math.floor(all.length / size);
  if (rows < 1) throw new DataError(`packTexts: expected at least ${size} tokens, got ${all.length}.`);
  return hostTensor(Int32Array.from(all.slice(0, rows * size)), [rows, size]);
}
