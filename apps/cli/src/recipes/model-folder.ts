/** The trained model of a run as a folder that transformers loads, too. */

import { join } from "node:path";
import { DlError, type HostTensor } from "@dl/core";
import { Tokenizer } from "@dl/data";
import { loadState, type Module, readState, writeSafetensors } from "@dl/nn";
import { loadSafetensors } from "@dl/nn/node";
import type { RunFolder } from "@dl/train/node";
import { huggingFaceState, type Pretrained, tokenizerConfig } from "@dl/transformer";
import { modelName } from "../run.ts";

export interface ModelFolderOptions {
  folder: RunFolder;
  /** Why training ended. */
  reason: string;
  /** The text of `tokenizer.json`; none for a model of images. */
  tokenizer?: string;
}

/** Writes configuration and tokenizer, and the weights last, which mark the end of training. */
export async function writeModelFolder(model: Pretrained, { folder, reason, tokenizer }: ModelFolderOptions): Promise<void> {
  const state = checked(await huggingFaceState(model), reason);
  if (tokenizer !== undefined) {
    await folder.write("tokenizer.json", tokenizer);
    const roles = tokenizerConfig(Tokenizer.fromJson(tokenizer), model.toConfig());
    await folder.write("tokenizer_config.json", `${JSON.stringify(roles, null, 2)}\n`);
  }
  await folder.write("config.json", `${JSON.stringify({ ...model.toConfig(), dtype: "float32" }, null, 2)}\n`);
  await folder.write(modelName, writeSafetensors(state, { metadata: { format: "pt", reason } }));
}

/** The same for a model that transformers has not: weights by our names. */
export async function writeModelState(model: Module, { folder, reason, tokenizer }: ModelFolderOptions): Promise<void> {
  const state = checked(await readState(model), reason);
  if (tokenizer !== undefined) await folder.write("tokenizer.json", tokenizer);
  await folder.write(modelName, writeSafetensors(state, { metadata: { reason } }));
}

/** Loads what `writeModelState` wrote into a model of the same form. */
export async function readModelState<M extends Module>(model: M, folder: string): Promise<M> {
  const file = join(folder, modelName);
  try {
    loadState(model, await loadSafetensors(file), { file });
    return model;
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}

function checked(state: Map<string, HostTensor>, reason: string): Map<string, HostTensor> {
  for (const [name, { data }] of state) {
    if (!data.every(Number.isFinite)) throw new DlError(`dl train: expected weights that are numbers, got others in ${name}: ${reason}.`);
  }
  return state;
}
