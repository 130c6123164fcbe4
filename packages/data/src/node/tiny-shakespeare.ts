/** Tiny Shakespeare: 40,000 lines of the plays, 1,115,394 characters. Karpathy 2015, char-rnn. */

import { readSource, type SourceOptions } from "./cache.ts";
import { urls } from "./origins.ts";
import type { Source } from "./source.ts";

const name = "input.txt";

/** The one file of Tiny Shakespeare. */
export const tinyShakespeareSource: Source = {
  name: "tinyshakespeare",
  title: "Tiny Shakespeare",
  licence: "public domain",
  citation: "Karpathy 2015: The unreasonable effectiveness of recurrent neural networks, github.com/karpathy/char-rnn",
  files: [{ name, bytes: 1_115_394, sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed" }],
  origins: [urls({ [name]: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt" })],
};

/**
 * The text, fetched once (1.1 MB) and then read from the cache: ASCII, 65 different characters.
 *
 * @throws DataError when the file is damaged or cannot be had.
 */
export async function tinyShakespeare(options: SourceOptions = {}): Promise<string> {
  const files = await readSource(tinyShakespeareSource, [name], options);
  return new TextDecoder().decode(files.get(name));
}
