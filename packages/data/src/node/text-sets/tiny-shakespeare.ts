/** Tiny Shakespeare: 1,115,394 characters of his plays, 65 different ones. Karpathy 2015, "The unreasonable effectiveness of recurrent neural networks". */

import { readSource, type SourceOptions } from "../cache.ts";
import { urls } from "../origins.ts";
import type { Source } from "../source.ts";

export const tinyShakespeareSource: Source = {
  name: "tinyshakespeare",
  title: "Tiny Shakespeare",
  licence: "public domain",
  citation: "Karpathy: char-rnn, github.com/karpathy/char-rnn",
  files: [{ name: "input.txt", bytes: 1_115_394, sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed" }],
  origins: [urls({ "input.txt": "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt" })],
};

/** The whole text. nanoGPT trains on its first 90 % and validates on the rest. */
export async function tinyShakespeare(options: SourceOptions = {}): Promise<string> {
  const files = await readSource(tinyShakespeareSource, ["input.txt"], options);
  return new TextDecoder().decode(files.get("input.txt")!);
}
