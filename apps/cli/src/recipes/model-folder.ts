/** The trained model of a run as a folder that transformers loads, too. */

import { DlError } from "@dl/core";
import { writeSafetensors } from "@dl/nn";
import type { RunFolder } from "@dl/train/node";
import { huggingFaceState, type Pretrained } from "@dl/transformer";
import { modelName } from "../run-file.ts";

export interface ModelFolderOptions {
  folder: RunFolder;
  /** Why training ended. */
  reason: string;
  /** The text of `tokenizer.json`; none for a model of images. */
  tokenizer?: string;
}

/** Writes configuration and tokenizer, and the weights last, which mark the end of training. */
export async function writeModelFolder(model: Pretrained, { folder, reason, tokenizer }: ModelFolderOptions): Promise<void> {
  const state = await huggingFaceState(model);
  for (const [name, { data }] of state) {
    if (!data.every(Number.isFinite)) throw new DlError(`dl train: expected weights that are numbers, got others in ${name}: ${reason}.`);
  }
  if (tokenizer !== undefined) await folder.write("tokenizer.json", tokenizer);
  await folder.write("config.json", `${JSON.stringify({ ...model.toConfig(), dtype: "float32" }, null, 2)}\n`);
  await folder.write(modelName, writeSafetensors(state, { metadata: { format: "pt", reason } }));
}
