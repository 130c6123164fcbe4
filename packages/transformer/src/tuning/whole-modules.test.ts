import { cpu } from "@dl/backend-cpu";
import { type HostTensor, OptionError, openDevice, Rng, tensor } from "@dl/core";
import { inference, type NamedTensors, readState } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import { type JsonObject, ModelConfig } from "../huggingface/config.ts";
import { robertaBase } from "../models/roberta.ts";
import { Ia3 } from "./ia3.ts";
import { Lora } from "./lora.ts";
import { loadPeft, peftFiles } from "./peft-files.ts";

const rng = new Rng(6);
const sizes = { vocabulary: 20, size: 8, layers: 1, heads: 2, hidden: 8, context: 16, labels: ["no", "yes"] };
const classifier = (): SequenceClassifier => new SequenceClassifier({ ...robertaBase, ...sizes, rng: rng.fork("model") });
const head = ["dense", "output"];

describe("what is trained whole has no adapter on it", () => {
  const layers = ["query", "key", "value", "output", "expand", "contract"].map((name) => `encoder.blocks.0.${name}`);

  test.each([
    ["LoRA", (model: SequenceClassifier) => new Lora(model, { targets: layers, rank: 2, alpha: 2, whole: head, rng })],
    ["IA³", (model: SequenceClassifier) => new Ia3(model, { targets: layers, feedForward: layers.slice(5), whole: head })],
  ])("PEFT's dense of a RoBERTa is not its classifier.dense, which modules_to_save has: %s", async (_, make) => {
    using model = classifier();
    using made = await make(model).ready();
    for (const [path, parameter] of made.namedParameters()) parameter.load(rng.fork(path).normal(parameter.shape));
    const { config, tensors } = await peftFiles(made);
    made.detach();
    // As a person writes it for task SEQ_CLS: PEFT adds `classifier` and `score` to what is saved.
    const short: JsonObject = { target_modules: ["query", "key", "value", "dense"], modules_to_save: ["classifier", "score"] };
    const files = { config: new ModelConfig({ ...config, ...short }), tensors: tensors as NamedTensors };
    using again = (await loadPeft(model, files, { rng })) as Lora | Ia3;
    expect([...again.whole.keys()]).toEqual(["dense.weight", "dense.bias", "output.weight", "output.bias"]);
    expect((await peftFiles(again)).tensors).toEqual(tensors);
    again.detach();
  });

  test("targets in a whole module are refused when one is made", () => {
    using model = classifier();
    const message = /expected targets outside of whole \(dense, output\), got (dense|output), which is trained whole/;
    for (const targets of [["query", "dense"], ["output"], [/classifier\..*/]]) {
      expect(() => new Lora(model, { targets, rank: 2, alpha: 2, whole: head, rng })).toThrow(message);
      expect(() => new Ia3(model, { targets, whole: head })).toThrow(message);
      expect(() => new Ia3(model, { targets, whole: head })).toThrow(OptionError);
    }
  });
});

describe("values that detach gives back are read first", () => {
  const kinds: Readonly<Record<string, (model: SequenceClassifier) => Lora | Ia3>> = {
    "LoRA with whole modules": (model) => new Lora(model, { targets: ["query"], rank: 2, alpha: 2, whole: head, rng }),
    "LoRA with biases": (model) => new Lora(model, { targets: ["query"], rank: 2, alpha: 2, bias: "all", rng }),
    "IA³ with whole modules": (model) => new Ia3(model, { targets: ["key"], whole: head }),
  };
  const ids: HostTensor = { data: Int32Array.of(5, 6, 7), shape: [1, 3], dtype: "int32" };

  test.each(Object.entries(kinds))("%s: refused before ready(), given back after it", async (_, make) => {
    await using device = await openDevice(cpu());
    using model = classifier();
    const before = await readState(model);
    using adapter = make(model);
    const logits = () => device.compute(() => model.forward({ ids: tensor(ids) }, inference));
    const message = /expected the values from before of what the model trains itself \(.* and \d+ more\), got none.*Await ready\(\) first/;
    expect(() => adapter.trained()).toThrow(message);
    expect(() => adapter.detach()).toThrow(OptionError);
    await expect(logits()).rejects.toThrow(message);
    await expect(peftFiles(adapter)).rejects.toThrow(message);

    await adapter.ready();
    await logits();
    for (const parameter of adapter.whole.values()) parameter.load(rng.normal(parameter.shape));
    // Asked again, it does not take the trained values for those from before.
    await adapter.ready();
    adapter.detach();
    expect(await readState(model)).toEqual(before);
  });

  test("without either there is nothing to await", async () => {
    using model = classifier();
    using adapter = new Lora(model, { targets: ["query"], rank: 2, alpha: 2, rng });
    expect(adapter.trained()).toHaveLength(2);
    adapter.detach();
  });
});
