/** Adapters as Hugging Face's PEFT keeps them: `adapter_config.json` and `adapter_model.safetensors`. github.com/huggingface/peft */

import { CheckpointError, formatShape, type HostTensor, hostTensor, type Rng, sameShape, UnsupportedError } from "@dl/core";
import { Embedding, fromStored, type Json, type NamedTensors, type Parameter } from "@dl/nn";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { huggingFaceName, toHuggingFace, toOurs } from "../huggingface/weights.ts";
import type { CacheShape } from "../key-value-cache.ts";
import { isWithin } from "../module-paths.ts";
import { Ia3 } from "./ia3.ts";
import { Lora, loraBiases } from "./lora.ts";
import { expressionOf, patternValues } from "./peft-expressions.ts";
import { requirePlain } from "./peft-plain-lora.ts";
import { PrefixTuning, PromptTuning } from "./soft-prompts.ts";
import { fits, moduleName, type Table, type Target, type TargetLayer, targetLayers, targetTables, valueFor } from "./targets.ts";

/** An adapter that PEFT knows. */
export type PeftAdapter = Lora | Ia3 | PromptTuning | PrefixTuning;

/** The two files' contents. */
export interface PeftFiles {
  readonly config: JsonObject;
  readonly tensors: ReadonlyMap<string, HostTensor>;
}

const prefix = "base_model.model.";

function turned({ data, shape }: HostTensor): HostTensor {
  const [rows, columns] = shape as readonly [number, number];
  const out = Float32Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
  return hostTensor(out, [columns, rows]);
}

/** Each parameter's place in the file. */
interface Place {
  readonly name: string;
  readonly parameter: Parameter;
  readonly toTheirs: (tensor: HostTensor) => HostTensor;
  readonly toOurs: (tensor: HostTensor) => HostTensor;
}

const same = (tensor: HostTensor): HostTensor => tensor;
const reshaped =
  (shape: readonly number[]) =>
  ({ data }: HostTensor): HostTensor =>
    hostTensor(data, shape);

function placesOf(adapter: PeftAdapter): Place[] {
  if (adapter instanceof PromptTuning || adapter instanceof PrefixTuning) {
    return [{ name: "prompt_embeddings", parameter: adapter.prompt, toTheirs: same, toOurs: same }];
  }
  // Throws where DoRA has not read its lengths yet: a file without them would be of another kind.
  adapter.trained();
  const { model } = adapter;
  if (adapter instanceof Ia3) {
    const factors = [...adapter.factors].map(([path, parameter]): Place => {
      const size = parameter.size;
      const theirs = adapter.inputs.has(path) ? [1, size] : [size, 1];
      return { name: `${prefix}${moduleName(path, model)}.ia3_l`, parameter, toTheirs: reshaped(theirs), toOurs: reshaped([size]) };
    });
    return [...factors, ...wholePlaces(adapter, (path) => huggingFaceName(path, model.huggingFace))];
  }
  const layers = [...adapter.layers].flatMap(([path, { down, up, magnitude }]): Place[] => {
    const name = `${prefix}${moduleName(path, model)}`;
    if (model.modules.get(path) instanceof Embedding) {
      return [
        { name: `${name}.lora_embedding_A`, parameter: down, toTheirs: turned, toOurs: turned },
        { name: `${name}.lora_embedding_B`, parameter: up, toTheirs: turned, toOurs: turned },
      ];
    }
    return [
      { name: `${name}.lora_A.weight`, parameter: down, toTheirs: turned, toOurs: turned },
      { name: `${name}.lora_B.weight`, parameter: up, toTheirs: turned, toOurs: turned },
      ...(magnitude ? [{ name: `${name}.lora_magnitude_vector`, parameter: magnitude, toTheirs: same, toOurs: same }] : []),
    ];
  });
  // PEFT wraps the layers it stands on.
  const wrapped = new Set([...adapter.layers.keys()].map((path) => `${path}.bias`));
  const nameOf = (path: string): string => {
    const name = huggingFaceName(path, model.huggingFace);
    return wrapped.has(path) ? name.replace(/\.bias$/, ".base_layer.bias") : name;
  };
  return [...layers, ...wholePlaces(adapter, nameOf)];
}

/** Of the model's own parameters that are trained beside an adapter. */
function wholePlaces({ whole, model }: Lora | Ia3, nameOf: (path: string) => string): Place[] {
  return [...whole].map(
    ([path, parameter]): Place => ({
      name: `${prefix}${nameOf(path)}`,
      parameter,
      toTheirs: (tensor) => toHuggingFace(tensor, { path, model }),
      toOurs: (tensor) => toOurs(tensor, { path, model }),
    }),
  );
}

/** Names as PEFT's configuration lists them: whole names in transformers, which fit nothing else. */
function namesOf(paths: Iterable<string>, model: Pretrained): string[] {
  return [...paths].map((path) => moduleName(path, model));
}

function configOf(adapter: PeftAdapter): JsonObject {
  const common = { base_model_name_or_path: null, inference_mode: true, revision: null };
  if ((adapter instanceof PromptTuning || adapter instanceof PrefixTuning) && adapter.isOfTwoTexts) {
    throw new UnsupportedError(
      "peftFiles: expected a soft prompt of a decoder, got one of an encoder–decoder: PEFT's stand before both of its texts. Keep it as a checkpoint of its own.",
    );
  }
  if (adapter instanceof PromptTuning) {
    const [length, size] = adapter.prompt.shape as readonly [number, number];
    return { ...common, peft_type: "PROMPT_TUNING", task_type: "CAUSAL_LM", num_virtual_tokens: length, token_dim: size };
  }
  if (adapter instanceof PrefixTuning) {
    const { layers, keyHeads, headSize } = adapter.cacheShape;
    return {
      ...{ ...common, peft_type: "PREFIX_TUNING", task_type: "CAUSAL_LM", num_virtual_tokens: adapter.prompt.shape[0]! },
      ...{ token_dim: keyHeads * headSize, num_layers: layers, num_attention_heads: keyHeads, num_transformer_submodules: 1 },
      ...{ encoder_hidden_size: keyHeads * headSize, prefix_projection: false },
    };
  }
  const { model } = adapter;
  const task = taskOf(model);
  if (adapter instanceof Ia3) {
    return {
      ...{ ...common, peft_type: "IA3", task_type: task, target_modules: namesOf(adapter.factors.keys(), model) },
      ...{
        feedforward_modules: namesOf(adapter.inputs, model),
        fan_in_fan_out: model.toConfig().model_type === "gpt2",
        modules_to_save: modulesToSave(adapter.options.whole, model),
      },
    };
  }
  const {
    rank,
    alpha,
    ranks = {},
    alphas = {},
    rankStabilized = false,
    dora = false,
    dropout = 0,
    whole = [],
    bias = "none",
  } = adapter.options;
  return {
    ...{ ...common, peft_type: "LORA", task_type: task, r: rank, lora_alpha: alpha, lora_dropout: dropout, bias },
    ...{ rank_pattern: patternOf(ranks, adapter), alpha_pattern: patternOf(alphas, adapter) },
    ...{ use_dora: dora, use_rslora: rankStabilized, fan_in_fan_out: model.toConfig().model_type === "gpt2", init_lora_weights: true },
    target_modules: namesOf(adapter.layers.keys(), model),
    modules_to_save: modulesToSave(whole, model),
  };
}

/** Ranks or alphas by whole names, which PEFT matches too. */
function patternOf(values: Readonly<Record<string, number>>, { layers, model }: Lora): JsonObject {
  const found = [...layers.keys()].flatMap((path) => {
    const name = moduleName(path, model);
    const own = valueFor(values, { path, name });
    return own === undefined ? [] : [[name, own] as const];
  });
  return Object.fromEntries(found);
}

function modulesToSave(whole: readonly string[] = [], model: Pretrained): Json {
  const modules = new Set(whole.map((path) => wholeName(path, model)));
  return modules.size > 0 ? [...modules] : null;
}

function wholeName(path: string, model: Pretrained): string {
  const first = [...model.namedParameters().keys()].find((name) => name.startsWith(`${path}.`));
  return first === undefined ? path : huggingFaceName(first, model.huggingFace).split(".").slice(0, -1).join(".");
}

function taskOf(model: Pretrained): Json {
  const architecture = String((model.toConfig().architectures as Json[])[0]);
  const tasks = { SequenceClassification: "SEQ_CLS", TokenClassification: "TOKEN_CLS", QuestionAnswering: "QUESTION_ANS" };
  for (const [end, task] of Object.entries(tasks)) if (architecture.endsWith(end)) return task;
  if (/ForConditionalGeneration|MTModel/.test(architecture)) return "SEQ_2_SEQ_LM";
  return /CausalLM|LMHead/.test(architecture) ? "CAUSAL_LM" : null;
}

/** An adapter's files: PEFT's `from_pretrained` reads them. */
export async function peftFiles(adapter: PeftAdapter): Promise<PeftFiles> {
  const tensors = new Map<string, HostTensor>();
  for (const { name, parameter, toTheirs } of placesOf(adapter)) tensors.set(name, toTheirs(await parameter.read()));
  return { config: configOf(adapter), tensors };
}

/**
 * The paths of modules that `names` mean, as PEFT's `modules_to_save` have them: by how the name of the module, or of one around it, ends, so
 * that `classifier` is DistilBERT's `pre_classifier` too.
 */
function pathsNamed(names: readonly string[], model: Pretrained): string[] {
  const found = new Set<string>();
  for (const path of model.namedParameters().keys()) {
    const module = path.split(".").slice(0, -1).join(".");
    const parts = huggingFaceName(path, model.huggingFace).split(".").slice(0, -1);
    const around = parts.map((_, i) => parts.slice(0, i + 1).join("."));
    if (module !== "" && around.some((name) => names.some((each) => name.endsWith(each)))) found.add(module);
  }
  return [...found];
}

/** `target_modules`: ends of names, or one expression that fits whole names; of some layers only, where `layers_to_transform` counts them. */
function targetsOf(config: ModelConfig, model: Pretrained): Target[] {
  const value = config.values.target_modules;
  const targets: Target[] =
    typeof value === "string" ? [expressionOf(value, { config, name: "target_modules" })] : strings(config, "target_modules");
  const counted = config.values.layers_to_transform;
  if (counted === null || counted === undefined || typeof value === "string") {
    config.only("layers_to_transform", null);
    return targets;
  }
  const layers = typeof counted === "number" ? [counted] : (counted as number[]);
  if (!Array.isArray(layers) || !layers.every((layer) => Number.isInteger(layer) && layer >= 0)) {
    throw new UnsupportedError(`${config.file}: expected "layers_to_transform" to be whole numbers, got ${JSON.stringify(counted)}.`);
  }
  // A list of which anything is a name is PEFT's default too; the first number in a name counts its layer.
  config.only("layers_pattern", null);
  return targetTables(model, targets, { where: "loadPeft" })
    .filter(({ name }) => layers.includes(Number(/\.(\d+)\./.exec(name)?.[1] ?? -1)))
    .map(({ path }) => path);
}

/** PEFT puts nothing on a module that it saves whole, whatever its name fits: `dense` is not RoBERTa's `classifier.dense` then. */
function outside<L extends TargetLayer<Table>>(whole: readonly string[], layers: readonly L[]): L[] {
  return layers.filter(({ path }) => !isWithin(path, whole));
}

/** The layer at `path` alone: the end of another's path may be the whole of this one. */
function exactly(path: string): RegExp {
  return new RegExp(path.replaceAll(".", String.raw`\.`));
}

function strings(config: ModelConfig, name: string): string[] {
  const value = config.values[name];
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw new UnsupportedError(`${config.file}: expected ${JSON.stringify(name)} to be a list of names, got ${JSON.stringify(value)}.`);
  }
  return value as string[];
}

/** With all biases PEFT also writes those of modules before they were trained, and such as stand for others. */
function isCopy(name: string, { huggingFace: { ignored = [], copies = [] } }: Pretrained): boolean {
  const own = name.slice(prefix.length);
  const others = [...ignored, ...copies.map((copy) => copy.name)];
  return own.endsWith("bias") && (/\.(original_module|modules_to_save)\./.test(own) || others.some((pattern) => pattern.test(own)));
}

/** PEFT writes an embedding it stands on beside the adapter: nothing to load where it is the model's own. */
async function sameTables(tensors: NamedTensors, model: Pretrained): Promise<string[]> {
  const same: string[] = [];
  for (const [path, layer] of model.modules) {
    if (!(layer instanceof Embedding)) continue;
    const name = `${prefix}${moduleName(path, model)}.base_layer.weight`;
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    const theirs = "bytes" in tensor ? fromStored(tensor, { name }) : tensor;
    const own = await layer.weight.read();
    if (sameShape(theirs.shape, own.shape) && theirs.data.every((value, i) => value === own.data[i])) same.push(name);
  }
  return same;
}

/** An adapter of the configured form on `model`, its values not yet loaded. */
async function emptyAdapter(model: Pretrained, config: ModelConfig, rng: Rng): Promise<PeftAdapter> {
  const type = config.choice("peft_type", { known: ["LORA", "IA3", "PROMPT_TUNING", "PREFIX_TUNING"] });
  if (type === "PROMPT_TUNING" || type === "PREFIX_TUNING") {
    const length = config.count("num_virtual_tokens");
    // With `prefix_projection` the file holds what the projection gave: keys and values, too.
    const { tokens, cacheShape } = model as Pretrained & { tokens?: PromptTokens; cacheShape?: CacheShape };
    if (tokens === undefined || cacheShape === undefined || "encode" in model) {
      throw new UnsupportedError(`${config.file}: expected a decoder for ${type}, such as Gpt2, got ${model.constructor.name}.`);
    }
    return type === "PROMPT_TUNING" ? new PromptTuning({ tokens }, { length, rng }) : new PrefixTuning({ cacheShape }, { length, rng });
  }
  if (type === "IA3") return emptyIa3(model, config);
  requirePlain(config);
  const whole = pathsNamed(strings(config, "modules_to_save"), model);
  const layers = outside(whole, targetTables(model, targetsOf(config, model), { where: "loadPeft" }));
  const lora = new Lora(model, {
    targets: layers.map(({ path }) => exactly(path)),
    rank: config.count("r"),
    alpha: config.number("lora_alpha"),
    ranks: patternValues("rank_pattern", { config, layers }),
    alphas: patternValues("alpha_pattern", { config, layers }),
    dropout: config.number("lora_dropout", 0),
    dora: config.flag("use_dora", { otherwise: false }),
    rankStabilized: config.flag("use_rslora", { otherwise: false }),
    bias: config.choice("bias", { known: loraBiases, otherwise: "none" }),
    ...{ whole, rng },
  });
  return lora.ready();
}

/** Layers whose input is multiplied are a part of the targets: what else their names fit stays as it is. */
async function emptyIa3(model: Pretrained, config: ModelConfig): Promise<Ia3> {
  config.only("exclude_modules", null);
  const whole = pathsNamed(strings(config, "modules_to_save"), model);
  const found = outside(whole, targetLayers(model, targetsOf(config, model), { where: "loadPeft" }));
  const value = config.values.feedforward_modules;
  const inner = typeof value === "string" ? [expressionOf(value, { config, name: "feedforward_modules" })] : undefined;
  const ends = inner ? [] : strings(config, "feedforward_modules");
  const isInner = ({ path, name }: TargetLayer): boolean =>
    inner ? inner.some((each) => fits(each, { path, name })) : ends.some((end) => name.endsWith(end));
  const paths = (layers: readonly TargetLayer[]): Target[] => layers.map(({ path }) => exactly(path));
  const ia3 = new Ia3(model, { targets: paths(found), feedForward: paths(found.filter(isInner)), whole });
  return ia3.ready();
}

type PromptTokens = ConstructorParameters<typeof PromptTuning>[0]["tokens"];

/**
 * An adapter as PEFT saved it, attached to `model`.
 *
 * @param rng  First values, all of which the file replaces.
 * @throws CheckpointError for tensors that are missing, unknown or of another shape: an adapter of another model; UnsupportedError for a
 * configuration that is not supported. The model stays as it was.
 */
export async function loadPeft(
  model: Pretrained,
  { config, tensors }: { config: ModelConfig; tensors: NamedTensors },
  { rng, file = "adapter_model.safetensors" }: { rng: Rng; file?: string },
): Promise<PeftAdapter> {
  const adapter = await emptyAdapter(model, config, rng);
  try {
    const places = placesOf(adapter);
    const values: [Parameter, HostTensor][] = [];
    const faults: string[] = [];
    for (const { name, parameter, toOurs } of places) {
      const tensor = tensors.get(name);
      if (tensor === undefined) {
        faults.push(`missing: ${name}`);
        continue;
      }
      const own = toOurs("bytes" in tensor ? fromStored(tensor, { name }) : tensor);
      if (sameShape(own.shape, parameter.shape)) values.push([parameter, own]);
      else faults.push(`${name}: expected shape ${formatShape(parameter.shape)} (in our layout), got ${formatShape(own.shape)}`);
    }
    const known = new Set(places.map(({ name }) => name));
    for (const name of await sameTables(tensors, model)) known.add(name);
    for (const name of tensors.keys()) if (!known.has(name) && !isCopy(name, model)) faults.push(`unexpected: ${name}`);
    if (faults.length > 0) {
      const more = faults.length > 6 ? ` and ${faults.length - 6} more` : "";
      throw new CheckpointError(
        `${file}: expected an adapter of this ${model.constructor.name}, got another: ${faults.slice(0, 6).join("; ")}${more}.`,
      );
    }
    for (const [parameter, value] of values) parameter.load(value);
    return adapter;
  } catch (error) {
    if (adapter instanceof Lora || adapter instanceof Ia3) adapter.detach();
    adapter[Symbol.dispose]();
    throw error;
  }
}
