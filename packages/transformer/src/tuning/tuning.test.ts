import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { CheckpointError, type HostTensor, openDevice, Rng, type Tensor, tensor, UnsupportedError, valueAndGrad } from "@dl/core";
import {
  AdamW,
  fromStored,
  inference,
  type Module,
  type NamedTensors,
  type Parameter,
  readSafetensors,
  readState as readTensors,
  training,
} from "@dl/nn";
import { afterAll, describe, expect, test } from "vitest";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import { type JsonObject, ModelConfig } from "../huggingface/config.ts";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { huggingFaceState } from "../huggingface/weights.ts";
import { causalLoss } from "../losses.ts";
import { distilBert, distilBertBase } from "../models/distilbert.ts";
import { Gpt2, nanoGptShakespeare } from "../models/gpt2.ts";
import { Llama } from "../models/llama.ts";
import { loadAdapter, loadFolder, saveAdapter } from "../node/index.ts";
import { asMask, expectNear, fixturePath, onDevice, precisions, readFixture } from "../reference-fixture.ts";
import { Adapted, bitFit } from "./adapter.ts";
import { Bottlenecks } from "./bottleneck.ts";
import { Ia3 } from "./ia3.ts";
import { Lora, type LoraOptions } from "./lora.ts";
import { loadPeft, type PeftAdapter, peftFiles } from "./peft-files.ts";
import { PrefixTuning, PromptTuning } from "./soft-prompts.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-tuning-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** The numbers of a model's state, which float64 devices keep in other arrays. */
async function readState(model: Module): Promise<Map<string, number[]>> {
  return new Map([...(await readTensors(model))].map(([path, { data }]) => [path, Array.from(data)]));
}

type Language = Gpt2 | Llama;
type AnyModel = Language | SequenceClassifier;

interface Reference {
  readonly load: (folder: string) => Promise<AnyModel>;
  readonly cls: string;
}

const gpt2: Reference = { load: (folder) => loadFolder(folder, Gpt2), cls: "GPT2LMHeadModel" };
const llama: Reference = { load: (folder) => loadFolder(folder, Llama), cls: "LlamaForCausalLM" };
const bert: Reference = { load: (folder) => loadFolder(folder, SequenceClassifier), cls: "BertForSequenceClassification" };
const references: Readonly<Record<string, Reference>> = {
  bert_lora: bert,
  gpt2_lora: gpt2,
  dora: gpt2,
  rslora_llama: llama,
  ia3: llama,
  prefix: gpt2,
  prompt: gpt2,
  lora_only: gpt2,
  bert_bias: bert,
  llama_embedding: llama,
  bert_ia3: bert,
  prefix_projection: gpt2,
  llama_patterns: llama,
};

const python = [process.env.DL_PYTHON].find((candidate) => {
  const modules = 'import importlib.util as u; assert u.find_spec("peft") and u.find_spec("torch")';
  return candidate !== undefined && spawnSync(candidate, ["-c", modules]).status === 0;
});

function inputOf(name: string): { ids: HostTensor; mask: HostTensor; labels: HostTensor | undefined } {
  const inputs = readFixture(`peft/${name}/inputs.safetensors`);
  return { ids: inputs.get("input_ids")!, mask: asMask(inputs.get("attention_mask")!), labels: inputs.get("labels") };
}

/** Logits of the model with its adapter; soft prompts go in with the text. */
function logitsOf(model: AnyModel, adapter: PeftAdapter | undefined, { ids, mask }: { ids: HostTensor; mask: HostTensor }): Tensor {
  const input = { ids: tensor(ids), mask: tensor(mask) };
  if (model instanceof SequenceClassifier) return model.forward(input, inference);
  if (adapter instanceof PromptTuning) return model.forward(adapter.forward(input), inference);
  if (adapter instanceof PrefixTuning) return model.forward(adapter.input(input), inference, { cache: adapter.forward(ids.shape[0]!) });
  return model.forward(input, inference);
}

function lossOf(model: AnyModel, adapter: PeftAdapter, input: ReturnType<typeof inputOf>) {
  const logits = logitsOf(model, adapter, input);
  if (model instanceof SequenceClassifier) return model.loss(logits, tensor(input.labels!));
  const { data, shape } = input.labels ?? input.ids;
  const [rows, time] = shape as readonly [number, number];
  const whole = logits.shape[1]!;
  // A soft prompt is not to be predicted; its last vector predicts the first token.
  const labels = new Int32Array(rows * whole).fill(-100);
  for (let row = 0; row < rows; row++) labels.set((data as Int32Array).subarray(row * time, (row + 1) * time), (row + 1) * whole - time);
  return causalLoss(logits, tensor({ data: labels, shape: [rows, whole], dtype: "int32" }));
}

function trainedOf(adapter: PeftAdapter): Parameter[] {
  return "trained" in adapter ? adapter.trained() : adapter.parameters();
}

describe.each(Object.entries(references))("%s as PEFT", (name, { load, cls }) => {
  const folder = fixturePath(`peft/${name}`);
  const expected = readFixture(`peft/${name}/expected.safetensors`);
  const input = inputOf(name);
  const rows = expected.get("logits_base")!.shape.length > 2 ? input.mask : undefined;

  test.each(precisions)("on $name: logits without, with and merged, gradients, and the weights back", async ({ backend, gradients }) => {
    await onDevice(backend(), async (device) => {
      using model = await load(join(folder, "base"));
      const before = await readState(model);
      const near = (got: HostTensor, wanted: string): void => {
        const isLonger = got.shape[1] !== input.mask.shape[1];
        expectNear(got, expected.get(wanted)!, { bound: [1e-4, 1e-4], what: wanted, rows: isLonger ? undefined : rows });
      };
      near(await device.compute(() => logitsOf(model, undefined, input)), "logits_base");
      using adapter = await loadAdapter(join(folder, "adapter"), model);
      near(await device.compute(() => logitsOf(model, adapter, input)), "logits_adapter");

      const { tensors } = await peftFiles(adapter);
      const trained = trainedOf(adapter);
      const grads = await device.compute(() => {
        const { grads } = valueAndGrad(() => lossOf(model, adapter, input), trained);
        return trained.map((parameter) => grads.get(parameter)!);
      });
      // Written as the adapter's own values are, the gradients get PEFT's layout.
      const values = await Promise.all(trained.map((parameter) => parameter.read()));
      for (const [i, parameter] of trained.entries()) parameter.load(grads[i]!);
      const written = (await peftFiles(adapter)).tensors;
      for (const [i, parameter] of trained.entries()) parameter.load(values[i]!);
      const wanted = [...expected.keys()].filter((key) => key.startsWith("grad."));
      expect(wanted.length).toBeGreaterThan(0);
      for (const key of wanted) {
        const file = key
          .slice(5)
          .replace(".default", "")
          .replace(".modules_to_save", "")
          .replace("prompt_encoder.embedding.weight", "prompt_embeddings");
        const gradient = written.get(file) ?? written.get(file.replace(/\.weight$/, ""));
        if (gradient === undefined) expect.fail(`no tensor for ${key} among ${[...tensors.keys()].join(", ")}`);
        expectNear(gradient, expected.get(key)!, { bound: gradients, what: key });
      }

      if (adapter instanceof Lora || adapter instanceof Ia3) {
        await adapter.merge(device);
        near(
          await device.compute(() => logitsOf(model, undefined, input)),
          expected.has("logits_merged") ? "logits_merged" : "logits_adapter",
        );
        if (expected.has("logits_merged")) {
          const merged = readFixture(`peft/${name}/merged/model.safetensors`);
          const own = await huggingFaceState(model as Pretrained);
          for (const [key, value] of merged) expectNear(own.get(key)!, value, { bound: [1e-5, 1e-5], what: key });
        }
        adapter.unmerge();
        near(await device.compute(() => logitsOf(model, adapter, input)), "logits_adapter");
      }
      if ("detach" in adapter) adapter.detach();
      expect(await readState(model)).toEqual(before);
      near(await device.compute(() => logitsOf(model, undefined, input)), "logits_base");
    });
  });

  test("saved and loaded again is the same", async () => {
    using model = await load(join(folder, "base"));
    using adapter = await loadAdapter(join(folder, "adapter"), model);
    await saveAdapter(join(scratch, name), adapter);
    const { tensors } = await peftFiles(adapter);
    if ("detach" in adapter) adapter.detach();
    using again = await loadAdapter(join(scratch, name), model);
    expect((await peftFiles(again)).tensors).toEqual(tensors);
  });

  test.runIf(python)(
    "saved by us is loaded by PEFT, with the same logits",
    async () => {
      using model = await load(join(folder, "base"));
      using adapter = await loadAdapter(join(folder, "adapter"), model);
      const to = join(scratch, `${name}-python`);
      await saveAdapter(to, adapter);
      const output = join(to, "logits.safetensors");
      execFileSync(python!, [fixturePath("load_adapter.py"), cls, join(folder, "base"), to, join(folder, "inputs.safetensors"), output]);
      const logits = fromStored(readSafetensors(readFileSync(output)).tensors.get("logits")!);
      expectNear(logits, expected.get("logits_adapter")!, { bound: [1e-4, 1e-4], what: "logits", rows: undefined });
    },
    120_000,
  );
});

const rng = new Rng(4);
const small = (): Gpt2 => new Gpt2({ ...nanoGptShakespeare, size: 32, layers: 2, heads: 2, deviation: 0.2, rng: rng.fork("model") });
const text: HostTensor = { data: Int32Array.from({ length: 24 }, (_, i) => (i * 7) % 13), shape: [2, 12], dtype: "int32" };

/** Loss before and after some steps on `trained` alone. */
async function learn(model: Gpt2, trained: readonly Parameter[], forward: (ids: Tensor) => Tensor): Promise<[number, number]> {
  await using device = await openDevice(cpu());
  using optimizer = new AdamW(trained, { learningRate: 0.02, weightDecay: 0 });
  const losses: number[] = [];
  for (let step = 0; step < 12; step++) {
    losses.push(
      await device.compute(() => {
        const { value, grads } = valueAndGrad(() => causalLoss(forward(tensor(text)), tensor(text)), trained);
        optimizer.update(grads);
        return value;
      }),
    );
  }
  for (const parameter of [...trained, ...model.parameters()]) parameter.load(await parameter.read());
  return [losses[0]!, losses.at(-1)!];
}

describe("adapters leave the model alone", () => {
  const kinds: Readonly<Record<string, (model: Gpt2) => Module & { trained(): Parameter[]; detach(): void }>> = {
    Lora: (model) => new Lora(model, { targets: ["project", "expand"], rank: 4, alpha: 8, dropout: 0.1, rng: rng.fork("lora") }),
    Ia3: (model) => new Ia3(model, { targets: ["attention.output"], feedForward: ["contract"] }),
    Bottlenecks: (model) => new Bottlenecks(model, { targets: ["attention.output", "contract"], size: 4, rng: rng.fork("bottleneck") }),
  };
  test.each(Object.entries(kinds))("%s: changes nothing at first, learns, and is gone when it is detached", async (_, attach) => {
    using model = small();
    const before = await readState(model);
    await using device = await openDevice(cpu());
    const logits = (): Promise<HostTensor> => device.compute(() => model.forward({ ids: tensor(text) }, inference));
    const plain = await logits();
    using adapter = attach(model);
    expect(await logits()).toEqual(plain);
    expect(adapter.parameterCount).toBeLessThan(model.parameterCount / 4);
    const [first, last] = await learn(model, adapter.trained(), (ids) => model.forward({ ids }, training(rng.fork("dropout"))));
    expect(last).toBeLessThan(0.9 * first);
    expect((await logits()).data).not.toEqual(plain.data);
    adapter.detach();
    expect(await readState(model)).toEqual(before);
    expect(await logits()).toEqual(plain);
    using together = new Adapted(model, [adapter]);
    expect(together.parameterCount).toBe(model.parameterCount + adapter.parameterCount);
  });

  test("two at once add up, and each goes on its own", async () => {
    using model = small();
    await using device = await openDevice(cpu());
    const logits = (): Promise<HostTensor> => device.compute(() => model.forward({ ids: tensor(text) }, inference));
    const plain = await logits();
    const make = (name: string): Lora => {
      const lora = new Lora(model, { targets: ["project"], rank: 2, alpha: 2, rng: rng.fork(name) });
      for (const { up } of lora.layers.values()) up.load(rng.fork(`${name} up`).normal(up.shape, 0, 0.3));
      return lora;
    };
    using first = make("first");
    const one = await logits();
    using second = make("second");
    expect((await logits()).data).not.toEqual(one.data);
    second.detach();
    expect(await logits()).toEqual(one);
    first.detach();
    expect(await logits()).toEqual(plain);
  });

  test("soft prompts and biases alone learn, too", async () => {
    using model = small();
    using prompt = new PromptTuning(model, { length: 5, rng: rng.fork("prompt") });
    const [before, after] = await learn(model, prompt.parameters(), (ids) => {
      const logits = model.forward(prompt.forward({ ids }), training(rng));
      return logits.slice([0, 5, 0], [2, 12, 65]);
    });
    expect(after).toBeLessThan(before);
    using prefix = new PrefixTuning(model, { length: 5, rng: rng.fork("prefix") });
    const [first, last] = await learn(model, prefix.parameters(), (ids) =>
      model.forward({ ids }, training(rng), { cache: prefix.forward(2) }),
    );
    expect(last).toBeLessThan(first);
    const biases = bitFit(model);
    expect(biases.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(model.parameterCount / 10);
    const [start, end] = await learn(model, biases, (ids) => model.forward({ ids }, training(rng)));
    expect(end).toBeLessThan(0.9 * start);
  });
});

test("LoRA on an embedding begins with no change, learns, and is not merged where the output layer has the same weights", async () => {
  await onDevice(cpu(), async (device) => {
    const options = { vocabulary: 20, context: 8, size: 8, layers: 1, heads: 2, dropout: 0 };
    using model = new Gpt2({ ...options, rng: rng.fork("embedding") });
    const ids = { data: Int32Array.of(1, 2, 3, 1), shape: [1, 4], dtype: "int32" } as const;
    const logits = () => device.compute(() => model.forward({ ids: tensor(ids) }, inference));
    const before = await logits();
    using lora = new Lora(model, { targets: ["tokens"], rank: 1, alpha: 1, rng });
    expect(await logits()).toEqual(before);
    expect([...lora.layers.values()].map(({ down, up }) => [down.shape, up.shape])).toEqual([
      [
        [20, 1],
        [1, 8],
      ],
    ]);
    lora.layers.get("tokens")!.down.load(rng.normal([20, 1]));
    expect((await logits()).data).not.toEqual(before.data);
    await expect(lora.merge(device)).rejects.toThrow("expected an embedding of its own, got tokens");
    lora.detach();
    expect(await logits()).toEqual(before);
    expect(() => new Lora(model, { targets: ["tokens"], rank: 1, alpha: 1, dora: true, rng })).toThrow("got the embedding tokens");
    expect(() => new Ia3(model, { targets: ["tokens"] })).toThrow("expected targets among the dense layers");
  });
});

test("LoRA may learn the model's biases too: none, all, or those of its layers", async () => {
  const options = { targets: ["query"], rank: 2, alpha: 2, rng };
  const biases = async (bias?: LoraOptions["bias"]): Promise<string[]> => {
    using model = new SequenceClassifier({ vocabulary: 20, size: 8, layers: 1, heads: 2, context: 16, labels: ["no", "yes"], rng });
    using lora = await new Lora(model, { ...options, ...(bias && { bias }) }).ready();
    lora.detach();
    return [...lora.whole.keys()];
  };
  expect(await biases()).toEqual([]);
  expect(await biases("lora_only")).toEqual(["encoder.blocks.0.query.bias"]);
  const all = await biases("all");
  expect(all).toHaveLength(11);
  expect(all).toContain("encoder.norm.bias");
  await expect(biases("both" as "all")).rejects.toThrow("Lora: expected bias to be none, all, lora_only, got both");
});

describe("PEFT's ways to name modules", () => {
  const classifier = (): SequenceClassifier => {
    const options = { vocabulary: 20, size: 8, layers: 2, heads: 2, hidden: 8, context: 16, labels: ["no", "yes"], rng: rng.fork("names") };
    return new SequenceClassifier({ ...distilBertBase, ...options, family: distilBert });
  };
  /** The files of a LoRA, with some settings as a person wrote them for PEFT. */
  const readWith = async (settings: JsonObject, options: Pick<LoraOptions, "targets" | "whole">): Promise<Lora> => {
    using model = classifier();
    using made = await new Lora(model, { rank: 2, alpha: 2, rng, ...options }).ready();
    const { config, tensors } = await peftFiles(made);
    const other = classifier();
    const read = await loadPeft(other, { config: new ModelConfig({ ...config, ...settings }), tensors: tensors as NamedTensors }, { rng });
    read[Symbol.dispose]();
    other[Symbol.dispose]();
    return read as Lora;
  };

  test("modules_to_save fits by how names end: PEFT's classifier is DistilBERT's pre_classifier too", async () => {
    const saved = await readWith({ modules_to_save: ["classifier", "score"] }, { targets: ["query"], whole: ["dense", "output"] });
    expect([...saved.whole.keys()]).toEqual(["dense.weight", "dense.bias", "output.weight", "output.bias"]);
  });

  test("target_modules may be an expression for whole names, and layers_to_transform counts layers", async () => {
    const second = ["encoder.blocks.1.query", "encoder.blocks.1.value"];
    const fitted = await readWith({ target_modules: String.raw`.*layer\.1\.attention\.(q|v)_lin` }, { targets: second });
    expect([...fitted.layers.keys()]).toEqual(second);
    const counted = await readWith({ target_modules: ["q_lin", "v_lin"], layers_to_transform: [1] }, { targets: second });
    expect([...counted.layers.keys()]).toEqual(second);
    await expect(readWith({ target_modules: "(" }, { targets: second })).rejects.toThrow(UnsupportedError);
    await expect(readWith({ layers_to_transform: ["one"] }, { targets: second })).rejects.toThrow(UnsupportedError);
  });

  test("rank_pattern and alpha_pattern are expressions for the end of a name, or for all of it; the first that fits counts", async () => {
    const targets = ["encoder.blocks.0.query", "encoder.blocks.1.query"];
    const scales = async (alpha_pattern: JsonObject): Promise<number[]> =>
      [...(await readWith({ alpha_pattern }, { targets })).layers.values()].map(({ scale }) => scale);
    expect(await scales({ "^distilbert.transformer.layer.0.attention.q_lin": 6 })).toEqual([3, 1]);
    expect(await scales({ "^transformer.layer.0.attention.q_lin": 6 })).toEqual([1, 1]);
    expect(await scales({ "attention.[kq]_lin": 6, q_lin: 8 })).toEqual([3, 3]);
    expect(await scales({ lin: 6, "1.attention.q_lin": 8 })).toEqual([1, 4]);
    await expect(scales({ "(?P<half>q)_lin": 6 })).rejects.toThrow(
      /expected "alpha_pattern" to be .* JavaScript has too, got "\(\?P<half>/,
    );
  });
});

describe("an adapter that does not belong is refused", () => {
  test("one whose values are of other weights than the model's, or that stands elsewhere in some passes", async () => {
    using model = small();
    using made = new Lora(model, { targets: ["project"], rank: 2, alpha: 2, rng });
    const { config, tensors } = await peftFiles(made);
    made.detach();
    const read = async (settings: JsonObject): Promise<void> => {
      const changed = new ModelConfig({ ...config, ...settings }, { file: "adapter_config.json" });
      const adapter = (await loadPeft(model, { config: changed, tensors: tensors as NamedTensors }, { rng })) as Lora;
      adapter.detach();
      adapter[Symbol.dispose]();
    };
    for (const init of [true, false, null, "gaussian", "eva", "orthogonal"]) await read({ init_lora_weights: init });
    for (const init of ["pissa", "pissa_niter_16", "olora", "corda", "loftq", "lora_ga", "mica", 3]) {
      await expect(read({ init_lora_weights: init }), String(init)).rejects.toThrow(UnsupportedError);
      await expect(read({ init_lora_weights: init }), String(init)).rejects.toThrow(
        /adapter_config\.json: expected "init_lora_weights" to be /,
      );
    }
    for (const [name, value] of Object.entries({ alora_invocation_tokens: [3, 4], arrow_config: {}, kasa_config: {}, use_bdlora: {} })) {
      await expect(read({ [name]: value })).rejects.toThrow(`expected "${name}" to be null`);
    }
  });

  test("targets that are no layers, ranks that are none", () => {
    using model = small();
    const options = { targets: ["project"], rank: 2, alpha: 2, rng };
    expect(() => new Lora(model, { ...options, targets: ["nothing"] })).toThrow(/expected targets among the dense layers .*, got nothing/);
    expect(() => new Lora(model, { ...options, rank: 0 })).toThrow(/expected a whole rank ≥ 1/);
    expect(() => new Lora(model, { ...options, whole: ["head"] })).toThrow(/expected whole modules of the model, got head/);
    expect(() => new Ia3(model, { targets: [] })).toThrow(/at least one target/);
  });

  test("another model's, a torn one, a kind we have not", async () => {
    const folder = join(scratch, "bad");
    cpSync(fixturePath("peft/gpt2_lora/adapter"), folder, { recursive: true });
    using model = new Gpt2({ ...nanoGptShakespeare, size: 16, layers: 2, heads: 2, rng });
    const before = await readState(model);
    await expect(loadAdapter(folder, model)).rejects.toThrow(
      /expected an adapter of this Gpt2, got another: .*lora_B\.weight: expected shape/,
    );
    using bertModel = await loadFolder(fixturePath("peft/bert_lora/base"), SequenceClassifier);
    await expect(loadAdapter(folder, bertModel)).rejects.toThrow(/expected targets among the dense layers/);
    truncateSync(join(folder, "adapter_model.safetensors"), 100);
    await expect(loadAdapter(folder, model)).rejects.toThrow(CheckpointError);
    writeFileSync(join(folder, "adapter_config.json"), '{"peft_type":"OFT"}');
    await expect(loadAdapter(folder, model)).rejects.toThrow(/adapter_model|expected "peft_type" to be one of LORA/);
    await expect(loadAdapter(join(scratch, "none"), model)).rejects.toThrow(
      /adapter_config\.json: expected an adapter's configuration, got ENOENT/,
    );
    expect(await readState(model)).toEqual(before);
  });
});
