import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@dl/core";
import { exportOnnx } from "@dl/export";
import {
  bertTiny,
  Clip,
  EncoderDecoder,
  Gpt2,
  Llama,
  type Pretrained,
  QuestionAnswerer,
  SequenceClassifier,
  T5,
  ViT,
} from "@dl/transformer";
import { saveFolder } from "@dl/transformer/node";
import { InferenceSession } from "onnxruntime-node";
import { afterAll, expect, test } from "vitest";
import { portableTransformer } from "./portable-transformer.ts";

const folder = mkdtempSync(join(tmpdir(), "dl-portable-"));
afterAll(() => rmSync(folder, { recursive: true }));

const rng = new Rng(1);
const small = { vocabulary: 30, context: 32, size: 8, layers: 1, heads: 2 } as const;
const half = { size: 8, layers: 1, heads: 2 } as const;
const text = ["ids", "mask"];

const models: readonly [name: string, make: () => Pretrained, inputs: readonly string[], outputs: readonly string[]][] = [
  ["BERT, classes", () => new SequenceClassifier({ ...bertTiny, ...small, labels: ["a", "b"], rng }), text, ["logits"]],
  ["BERT, answers", () => new QuestionAnswerer({ ...bertTiny, ...small, rng }), text, ["start", "end"]],
  ["GPT-2", () => new Gpt2({ ...small, rng }), ["ids"], ["logits"]],
  ["Llama", () => new Llama({ ...small, hidden: 12, rng }), ["ids"], ["logits"]],
  ["T5", () => new T5({ vocabulary: 30, size: 8, layers: 1, heads: 2, headSize: 4, hidden: 12, rng }), [...text, "written"], ["logits"]],
  [
    "BART",
    () => new EncoderDecoder({ ...small, hidden: 12, positions: "learned", embeddingNorm: true, rng }),
    [...text, "written"],
    ["logits"],
  ],
  ["ViT", () => new ViT({ imageSize: 8, patchSize: 4, ...half, labels: ["a", "b"], rng }), ["images"], ["logits"]],
  [
    "CLIP",
    () =>
      new Clip({
        projection: 4,
        text: { ...half, vocabulary: 30, context: 32, endId: 29 },
        vision: { ...half, imageSize: 8, patchSize: 4 },
        rng,
      }),
    ["ids", "images"],
    ["logits", "textVectors", "imageVectors"],
  ],
];

test.each(models)("a folder of %s is exported by what its config says", async (name, make, inputs, outputs) => {
  const own = join(folder, name);
  using made = make();
  await saveFolder(own, made);
  const portable = (await portableTransformer(own))!;
  using _model = portable.model;
  const { model, ...options } = portable;
  const session = await InferenceSession.create(await exportOnnx(model, options));
  expect(session.inputNames).toEqual(inputs);
  expect(session.outputNames).toEqual(outputs);
  await session.release();
});

test("a folder without a config is none of a transformer, and another architecture is named", async () => {
  expect(await portableTransformer(folder)).toBeUndefined();
  writeFileSync(join(folder, "config.json"), '{"architectures": ["MambaForCausalLM"]}');
  await expect(portableTransformer(folder)).rejects.toThrow(/got MambaForCausalLM/);
});
