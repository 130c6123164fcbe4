import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng, tensor, valueAndGrad } from "@dl/core";
import { AdamW, crossEntropy, inference, readState, training } from "@dl/nn";
import { loadSafetensors } from "@dl/nn/node";
import { afterAll, expect, test } from "vitest";
import { distilBertBase } from "../models/distilbert.ts";
import { robertaBase } from "../models/roberta.ts";
import { loadAdapter, loadFolder, saveAdapter, saveFolder } from "../node/index.ts";
import { fixturePath } from "../reference-fixture.ts";
import { Lora } from "../tuning/lora.ts";
import { MaskedLanguageModel } from "./masked-language-model.ts";
import { RelationClassifier } from "./relation-classifier.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-relations-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const rng = new Rng(2);
const labels = ["none", "knows", "owns"];
const input = () => ({
  ids: tensor([[2, 5, 6, 7, 8, 3]], { dtype: "int32" }),
  first: tensor(Int32Array.of(1)),
  second: tensor(Int32Array.of(3)),
});

test.each([
  ["BERT", { segments: 2 }, "bert.encoder.layer.0.output.dense.weight"],
  ["RoBERTa", robertaBase, "roberta.encoder.layer.0.output.dense.weight"],
  ["DistilBERT", distilBertBase, "distilbert.transformer.layer.0.ffn.lin2.weight"],
  ["BERT with ALiBi", { alibi: true }, "bert.encoder.layer.0.output.dense.weight"],
] as const)("a folder of %s is written and read: weights, names of the relations, rate of the head", async (name, form, tensorName) => {
  const sizes = { vocabulary: 20, context: 12, size: 8, layers: 1, heads: 2, hidden: 8 };
  using model = new RelationClassifier({ ...form, ...sizes, labels, headDropout: 0.25, rng });
  const folder = join(scratch, name);
  await saveFolder(folder, model);
  using again = await loadFolder(folder, RelationClassifier);
  expect(again).toMatchObject({ labels, headDropout: 0.25, family: model.family });
  expect(await readState(again)).toEqual(await readState(model));
  const names = [...(await loadSafetensors(join(folder, "model.safetensors"))).keys()];
  expect(names).toContain(tensorName);
  expect(names.filter((each) => each.startsWith("relation_classifier"))).toEqual([
    "relation_classifier.bias",
    "relation_classifier.weight",
  ]);
});

test("begins with a pretrained encoder, and learns beside it with LoRA, whose files PEFT's form has", async () => {
  await using device = await openDevice(cpu());
  const config = { id2label: { 0: "none", 1: "knows", 2: "owns" } };
  const folder = fixturePath("bert_mlm");
  using model = await loadFolder(folder, RelationClassifier, { strict: false, rng, config });
  using pretrained = await loadFolder(folder, MaskedLanguageModel);
  expect(model.labels).toEqual(labels);
  expect(await readState(model.encoder)).toEqual(await readState(pretrained.encoder));

  using lora = await new Lora(model, { targets: ["query", "value"], rank: 2, alpha: 4, whole: ["output"], rng }).ready();
  using optimizer = new AdamW(lora.trained(), { learningRate: 0.05 });
  const losses: number[] = [];
  for (let step = 0; step < 8; step++) {
    losses.push(
      await device.compute(() => {
        const answer = () => crossEntropy(model.forward(input(), training(rng.fork(`${step}`))), tensor(Int32Array.of(2)));
        const { value, grads } = valueAndGrad(answer, lora.trained());
        optimizer.update(grads);
        return value;
      }),
    );
  }
  expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
  const logits = () => device.compute(() => model.forward(input(), inference));
  const learned = await logits();
  await saveAdapter(join(scratch, "adapter"), lora);
  lora.detach();
  using again = await loadAdapter(join(scratch, "adapter"), model);
  expect(await logits()).toEqual(learned);
  expect(again).toBeInstanceOf(Lora);
});
