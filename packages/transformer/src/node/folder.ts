/** A model's folder as Hugging Face's transformers writes it: `config.json`, weights in one file or in shards, `tokenizer.json`. */

import { access, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError, OptionError, Rng } from "@dl/core";
import { Tokenizer } from "@dl/data";
import { planShards, type StoredFloat, type StoredTensor, toStored } from "@dl/nn";
import { loadSafetensors, saveSafetensors, saveShards, writeFileAtomically } from "@dl/nn/node";
import { type JsonObject, ModelConfig } from "../huggingface/config.ts";
import type { HuggingFaceNames, Pretrained, PretrainedClass } from "../huggingface/pretrained.ts";
import { tokenizerConfig } from "../huggingface/tokenizer-config.ts";
import { differentCopies, huggingFaceState, loadHuggingFaceState, otherShapes } from "../huggingface/weights.ts";
import { isWithin } from "../module-paths.ts";

export interface LoadOptions {
  /** First values of tensors the folder does not have, as with a new head; needed with `strict: false` or `replaceHead` only. */
  rng?: Rng;
  /**
   * Every tensor must have its place, and every place its tensor. Without, only what `mayLack` names may be missing, and only another
   * head's tensors left over: weights of another model are refused either way. Default true.
   */
  strict?: boolean;
  /** Paths of modules that the folder may lack, with `strict: false`, or have in another shape, with `replaceHead`. Default the model's head. */
  mayLack?: readonly string[];
  /**
   * What the folder's head has in another shape, as with another number of labels, begins anew, with values from `rng`; what fits is kept
   * (transformers' `ignore_mismatched_sizes`, of the head alone). Default false: it is refused.
   */
  replaceHead?: boolean;
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
    throw new CheckpointError(
      `${file}: expected a model's configuration, got ${error.code ?? error.message}. Give the model's folder on this machine: nothing is downloaded.`,
    );
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
  { rng, strict = true, mayLack, replaceHead = false, config: changes = {} }: LoadOptions = {},
): Promise<M> {
  const { values, file } = await readConfig(folder);
  const index = join(folder, indexName);
  const path = (await exists(join(folder, singleName))) || !(await exists(index)) ? join(folder, singleName) : index;
  const tensors = await loadSafetensors(path);
  const make = (more: ModelConfig["values"]): M =>
    kind.fromConfig(new ModelConfig({ ...values, ...changes, ...more }, { file, mostLayers: tensors.size }), { rng: rng ?? new Rng(0) });
  let model = make({});
  // What a configuration says of shared weights may be wrong, T5's by rule: the tensors decide.
  const untied = differentCopies(model, tensors).find((copy) => copy.untied)?.untied;
  if (untied) {
    model[Symbol.dispose]();
    model = make(untied);
  }
  const head = mayLack ?? model.huggingFace.head ?? [];
  const replaced = replaceHead ? otherShapes(model, tensors, head) : new Map<string, string>();
  const leftOut = new Set(replaced.values());
  const kept = leftOut.size === 0 ? tensors : new Map([...tensors].filter(([name]) => !leftOut.has(name)));
  const { missing, unexpected } = loadHuggingFaceState(model, kept, { strict: strict && leftOut.size === 0, file: path });
  const lacking = missing.filter((name) => (strict ? !replaced.has(name) : !isWithin(name, head)));
  const left = strict ? unexpected : unexpected.filter(ofBase(model.huggingFace, tensors.keys()));
  if (lacking.length > 0 || left.length > 0) {
    const parts = [...(lacking.length > 0 ? [`missing: ${some(lacking)}`] : []), ...(left.length > 0 ? [`unexpected: ${some(left)}`] : [])];
    throw new CheckpointError(
      `${path}: expected all weights of ${kind.name} but ${(strict ? [...replaced.keys()] : head).join(", ") || "none"}, got others: ${parts.join("; ")}. Are they another model's?`,
    );
  }
  if (missing.length > 0 && rng === undefined) {
    throw new CheckpointError(`${path}: expected an rng for the tensors that are not there (${some(missing)}), got none. Give { rng }.`);
  }
  return model;
}

/** Whether a file's tensor is of the model below any head: heads stand beside it, without its prefix. */
function ofBase({ prefix }: HuggingFaceNames, names: Iterable<string>): (name: string) => boolean {
  const isOf = (name: string): boolean => name.startsWith(`${prefix}.`);
  const isBare = prefix === "" || ![...names].some(isOf);
  return (name) => isBare || isOf(name);
}

function some(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", ");
}

export interface SaveOptions {
  /** How floats are stored. Default `F32`. */
  floats?: StoredFloat;
  /** Larger models are written in shards of so many bytes. Default 5·10⁹. */
  maximumShardBytes?: number;
  /** The text of `tokenizer.json`; `tokenizer_config.json` follows from it. Default: neither is written. */
  tokenizer?: string;
  /** What `chat_template.jinja` is to hold: the `text` of a ChatTemplate. Default: none is written. */
  chatTemplate?: string;
  /** What `generation_config.json` is to hold, such as `await generationSettings(from)`. Default: none is written. */
  generation?: JsonObject;
}

/**
 * Writes a model so that transformers' `from_pretrained` reads it. The configuration comes last: a folder that has one is whole. Weights
 * that a folder holds in another form, of a model saved there before, are removed.
 *
 * @throws OptionError for settings of generation that begin texts with another token than the model.
 */
export async function saveFolder(
  folder: string,
  model: Pretrained,
  { floats = "F32", maximumShardBytes = 5e9, tokenizer, chatTemplate, generation }: SaveOptions = {},
): Promise<void> {
  // Read first: a tokenizer that is none leaves the folder as it was.
  const words = tokenizer === undefined ? undefined : tokenizerConfig(Tokenizer.fromJson(tokenizer), model.toConfig());
  const begins = model.toConfig().decoder_start_token_id;
  const start = generation?.decoder_start_token_id ?? begins;
  if (start !== begins) {
    throw new OptionError(
      `saveFolder: expected settings of generation of this model, whose decoder_start_token_id is ${String(begins)}, got ${String(start)}. Are they another model's?`,
    );
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of await huggingFaceState(model)) tensors.set(name, toStored(tensor, { floats }));
  const bytes = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0);
  const isSharded = bytes > maximumShardBytes;
  if (isSharded) await saveShards(folder, tensors, { maximumBytes: maximumShardBytes });
  else await saveSafetensors(join(folder, singleName), tensors, { metadata: { format: "pt" } });
  const shards = isSharded ? planShards(tensors, { maximumBytes: maximumShardBytes }).shards.keys() : [];
  await removeOthers(folder, new Set(isSharded ? [indexName, ...shards] : [singleName]));
  const write = (name: string, text: string): Promise<void> => writeFileAtomically(join(folder, name), [new TextEncoder().encode(text)]);
  if (tokenizer !== undefined) {
    await write("tokenizer.json", tokenizer);
    await write("tokenizer_config.json", `${JSON.stringify(words, null, 2)}\n`);
  }
  if (chatTemplate !== undefined) await write("chat_template.jinja", chatTemplate);
  if (generation !== undefined) await write("generation_config.json", `${JSON.stringify(generation, null, 2)}\n`);
  const dtype = { F32: "float32", F16: "float16", BF16: "bfloat16" }[floats];
  await write(configName, `${JSON.stringify({ ...model.toConfig(), dtype }, null, 2)}\n`);
}

/** Removes weights of before: a single file would be read in place of the shards beside it. */
async function removeOthers(folder: string, kept: ReadonlySet<string>): Promise<void> {
  const isWeights = /^model(-\d{5}-of-\d{5})?\.safetensors$|^model\.safetensors\.index\.json$/;
  for (const name of await readdir(folder)) if (isWeights.test(name) && !kept.has(name)) await rm(join(folder, name));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
