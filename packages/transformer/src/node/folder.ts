/** A model's folder as Hugging Face's transformers writes it: `config.json`, weights in one file or in shards, `tokenizer.json`. */

import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError, Rng } from "@dl/core";
import { type StoredFloat, type StoredTensor, toStored } from "@dl/nn";
import { loadSafetensors, saveSafetensors, saveShards, writeFileAtomically } from "@dl/nn/node";
import { ModelConfig } from "../huggingface/config.ts";
import type { Pretrained, PretrainedClass } from "../huggingface/pretrained.ts";
import { huggingFaceState, loadHuggingFaceState } from "../huggingface/weights.ts";

export interface LoadOptions {
  /** First values of tensors the folder does not have, as with a new head; needed with `strict: false` only. */
  rng?: Rng;
  /** Every tensor must have its place, and every place its tensor. Default true. */
  strict?: boolean;
  /** Changes of the configuration, such as `id2label` for a new head. Default none. */
  config?: ModelConfig["values"];
}

const configName = "config.json";
const singleName = "model.safetensors";
const indexName = "model.safetensors.index.json";

/** The configuration in a folder. */
export async function readConfig(folder: string): Promise<ModelConfig> {
  const file = join(folder, configName);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${file}: expected a model's configuration, got ${error.code ?? error.message}. Give the model's folder.`);
  });
  return ModelConfig.parse(text, { file });
}

/**
 * A model from a folder that transformers' `save_pretrained`, or `saveFolder`, wrote.
 *
 * @param kind  The model's class, such as `Gpt2` or `BertForSequenceClassification`.
 * @throws CheckpointError for missing files and for tensors that are missing, unknown or of another shape, UnsupportedError for a
 * configuration the model has not; all named.
 * @example no-run
 * using model = await loadFolder("gpt2", Gpt2);
 */
export async function loadFolder<M extends Pretrained>(
  folder: string,
  kind: PretrainedClass<M>,
  { rng, strict = true, config: changes = {} }: LoadOptions = {},
): Promise<M> {
  const { values, file } = await readConfig(folder);
  const index = join(folder, indexName);
  const path = (await exists(join(folder, singleName))) || !(await exists(index)) ? join(folder, singleName) : index;
  const tensors = await loadSafetensors(path);
  const model = kind.fromConfig(new ModelConfig({ ...values, ...changes }, { file }), { rng: rng ?? new Rng(0) });
  const { missing } = loadHuggingFaceState(model, tensors, { strict, file: path });
  if (missing.length > 0 && rng === undefined) {
    throw new CheckpointError(
      `${path}: expected an rng for the tensors that are not there (${missing.slice(0, 8).join(", ")}), got none. Give { rng }.`,
    );
  }
  return model;
}

export interface SaveOptions {
  /** How floats are stored. Default `F32`. */
  floats?: StoredFloat;
  /** Larger models are written in shards of so many bytes. Default 5·10⁹. */
  maximumShardBytes?: number;
  /** The text of `tokenizer.json`. Default: none is written. */
  tokenizer?: string;
}

/** Writes a model so that transformers' `from_pretrained` reads it. The configuration comes last: a folder that has one is whole. */
export async function saveFolder(
  folder: string,
  model: Pretrained,
  { floats = "F32", maximumShardBytes = 5e9, tokenizer }: SaveOptions = {},
): Promise<void> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of await huggingFaceState(model)) tensors.set(name, toStored(tensor, { floats }));
  const bytes = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0);
  if (bytes > maximumShardBytes) await saveShards(folder, tensors, { maximumBytes: maximumShardBytes });
  else await saveSafetensors(join(folder, singleName), tensors, { metadata: { format: "pt" } });
  const encode = (text: string): Uint8Array[] => [new TextEncoder().encode(text)];
  if (tokenizer !== undefined) await writeFileAtomically(join(folder, "tokenizer.json"), encode(tokenizer));
  const dtype = { F32: "float32", F16: "float16", BF16: "bfloat16" }[floats];
  await writeFileAtomically(join(folder, configName), encode(`${JSON.stringify({ ...model.toConfig(), dtype }, null, 2)}\n`));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
