/** A decoder of either form from a run's folder, or from any that transformers wrote, with its tokenizer. */

import type { Tokenizer } from "@dl/data";
import { Gpt2, Llama } from "@dl/transformer";
import { loadFolder, loadTokenizer, readConfig } from "@dl/transformer/node";

export async function loadLanguageModel(folder: string): Promise<{ model: Gpt2 | Llama; tokenizer: Tokenizer }> {
  const config = await readConfig(folder);
  const type = config.choice("model_type", { known: ["gpt2", "llama"] });
  const tokenizer = await loadTokenizer(folder);
  return { model: type === "gpt2" ? await loadFolder(folder, Gpt2) : await loadFolder(folder, Llama), tokenizer };
}
