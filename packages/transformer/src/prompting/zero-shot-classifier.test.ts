import { cpu } from "@dl/backend-cpu";
import { DataError, type HostTensor, OptionError, openDevice, tensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import { nearest, similarities } from "../embeddings/retrieval.ts";
import { Clip } from "../models/clip.ts";
import { loadFolder } from "../node/index.ts";
import { channelsLast, fixturePath, readFixture } from "../reference-fixture.ts";
import { type ZeroShotOptions, zeroShotClassifier } from "./zero-shot-classifier.ts";

const inputs = readFixture("clip/inputs.safetensors");
const expected = readFixture("clip/expected.safetensors");
const images = channelsLast(inputs.get("pixel_values")!);

/** The fixture's texts, named by their rows: "1", or "a 1" for another template around it. */
const rowOf = (text: string): readonly number[] => {
  const row = Number(text.replace(/\D/g, ""));
  const own = (name: string): number[] => Array.from(inputs.get(name)!.data.slice(row * 8, row * 8 + 8));
  return own("input_ids").filter((_, i) => own("attention_mask")[i] === 1);
};
const rowsOf = ({ data, shape }: HostTensor): number[][] =>
  Array.from({ length: shape[0]! }, (_, row) => Array.from(data.slice(row * shape[1]!, (row + 1) * shape[1]!)));
const unit = (vector: readonly number[]): number[] => vector.map((value) => value / Math.hypot(...vector));

async function classify(options: Omit<ZeroShotOptions, "device">): Promise<{ vectors: number[][]; probabilities: number[][] }> {
  await using device = await openDevice(cpu());
  using model = await loadFolder(fixturePath("clip"), Clip);
  const classifier = await zeroShotClassifier(model, { device, ...options });
  const probabilities = await device.compute(() => classifier.probabilities(tensor(images)));
  return { vectors: rowsOf(classifier.vectors), probabilities: rowsOf(probabilities) };
}

function expectRows(got: readonly number[][], wanted: readonly number[][]): void {
  expect(got.map(({ length }) => length)).toEqual(wanted.map(({ length }) => length));
  for (const [row, values] of wanted.entries()) for (const [i, value] of values.entries()) expect(got[row]![i]).toBeCloseTo(value, 5);
}

describe("CLIP tells classes by their names", () => {
  test("with one template the probabilities are the softmax of transformers' logits", async () => {
    const { vectors, probabilities } = await classify({ classes: ["0", "1", "2"], templates: ["{}"], encode: rowOf });
    expectRows(vectors, rowsOf(expected.get("text_embeds")!));
    const wanted = rowsOf(expected.get("logits_per_image")!).map((logits) => {
      const weights = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
      return weights.map((weight) => weight / weights.reduce((sum, each) => sum + each, 0));
    });
    expectRows(probabilities, wanted);
  });

  test("several templates are averaged in the space of vectors, each of length 1, and so is their mean", async () => {
    const texts = rowsOf(expected.get("text_embeds")!).map(unit);
    // The class "0" has the fixture's texts 0 and 1, the class "1" its texts 1 and 2.
    const encode = (text: string) => rowOf(text.startsWith("next ") ? String(Number(text.slice(5)) + 1) : text);
    const { vectors } = await classify({ classes: ["0", "1"], templates: ["{}", "next {}"], encode });
    const averaged = [0, 1].map((row) => unit(texts[row]!.map((value, i) => (value + texts[row + 1]![i]!) / 2)));
    expectRows(vectors, averaged);
  });

  test("images are found by a text: the nearest by cosine are the largest of transformers' logits", () => {
    const found = nearest(similarities(expected.get("text_embeds")!, expected.get("image_embeds")!), { count: 2 });
    const wanted = rowsOf(expected.get("logits_per_text")!).map((logits) => [0, 1, 2].sort((a, b) => logits[b]! - logits[a]!).slice(0, 2));
    expect(found.map((row) => row.map(({ index }) => index))).toEqual(wanted);
  });

  test("what is no class, no template, or has no end is told", async () => {
    const usual = { classes: ["0"], encode: rowOf };
    await expect(classify({ ...usual, classes: [] })).rejects.toThrow(OptionError);
    await expect(classify({ ...usual, templates: [] })).rejects.toThrow(/expected templates with \{\}.*, got none/);
    await expect(classify({ ...usual, templates: ["a photo"] })).rejects.toThrow(/got "a photo"/);
    const endless = classify({ ...usual, encode: (text) => rowOf(text).slice(0, -1) });
    await expect(endless).rejects.toThrow(DataError);
    await expect(endless).rejects.toThrow(/expected texts with the end token 59, .*, got one of "0" without/);
  });
});
