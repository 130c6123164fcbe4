/** A model's tokenizer on disk: `tokenizer.json`, beside its weights. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError } from "@dl/core";
import { Tokenizer } from "@dl/data";

/**
 * The tokenizer in a model's folder.
 *
 * @throws CheckpointError where there is none, DataError for a damaged one, UnsupportedError for one with parts that are not known.
 * @example no-run
 * const tokenizer = await loadTokenizer("gpt2");
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const file = join(folder, "tokenizer.json");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new CheckpointError(
      `${file}: expected a tokenizer, got ${error.code ?? error.message}. Give the model's folder on this machine: nothing is downloaded.`,
    );
  });
  return Tokenizer.fromJson(text);
}
