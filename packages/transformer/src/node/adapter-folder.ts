/** An adapter's folder as Hugging Face's PEFT writes it. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError, Rng } from "@dl/core";
import { loadSafetensors, saveSafetensors, writeFileAtomically } from "@dl/nn/node";
import { ModelConfig } from "../huggingface/config.ts";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { loadPeft, type PeftAdapter, peftFiles } from "../tuning/peft-files.ts";

const configName = "adapter_config.json";
const tensorsName = "adapter_model.safetensors";

/**
 * An adapter that PEFT, or `saveAdapter`, wrote, attached to `model`.
 *
 * @throws CheckpointError for missing or torn files and for an adapter of another model, UnsupportedError for a kind we have not.
 * @example no-run
 * const lora = await loadAdapter("my-lora", model);
 */
export async function loadAdapter(folder: string, model: Pretrained): Promise<PeftAdapter> {
  const file = join(folder, configName);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new CheckpointError(
      `${file}: expected an adapter's configuration, got ${error.code ?? error.message}. Give the adapter's folder.`,
    );
  });
  const config = ModelConfig.parse(text, { file });
  const path = join(folder, tensorsName);
  const tensors = await loadSafetensors(path);
  return loadPeft(model, { config, tensors }, { rng: new Rng(0), file: path });
}

/** Writes an adapter alone, without the model, so that PEFT's `from_pretrained` reads it; the configuration comes last. */
export async function saveAdapter(folder: string, adapter: PeftAdapter): Promise<void> {
  const { config, tensors } = await peftFiles(adapter);
  await saveSafetensors(join(folder, tensorsName), tensors, { metadata: { format: "pt" } });
  await writeFileAtomically(join(folder, configName), [new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)]);
}
