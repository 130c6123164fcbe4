import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { type Device, openDevice, Rng } from "@dl/core";
import { type Tokenizer, trainWordPiece } from "@dl/data";
import { RunFolder } from "@dl/train/node";
import { SequenceClassifier } from "@dl/transformer";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RunSettings } from "../run.ts";
import { folderOf, type ModelData, type ModelPreset, modelRecipe, tokenId } from "./model-recipe.ts";
import { paddedTexts, type TextExample, textExample } from "./padded-texts.ts";
import { classifyTexts, measureClassifier, testMetrics } from "./sentiment.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-model-recipe-"));
afterAll(() => rmSync(scratch, { recursive: true }));
beforeEach(() => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

const good = ["good", "fine", "great", "lovely"];
const bad = ["bad", "poor", "awful", "dull"];

/** Sentences of neutral words with one that decides. */
function sentences(count: number, rng: Rng): { text: string; label: number }[] {
  return Array.from({ length: count }, () => {
    const label = rng.integer(0, 2);
    const words = ["the", "film", "was", "so", "very"].slice(0, rng.integer(2, 6));
    return { text: [...words, rng.pick(label === 1 ? good : bad)].join(" "), label };
  });
}

const encoder = { context: 16, size: 16, layers: 1, heads: 2, dropout: 0, deviation: 0.2 } as const;

interface TinyData extends ModelData<TextExample> {
  readonly tokenizer: Tokenizer;
  readonly padId: number;
  readonly test: readonly TextExample[];
}

const tiny = modelRecipe<ModelPreset, TextExample, TinyData, SequenceClassifier>({
  name: "tiny",
  title: "Tiny",
  unit: "sentences",
  store: folderOf(SequenceClassifier),
  presets: [
    {
      name: "default",
      summary: "",
      defaults: { epochs: 6, batchSize: 8, learningRate: 1e-2 },
      warmUpShare: 0.1,
      weightDecay: 0.01,
      averageDecay: 0.9,
    },
  ],
  async load(_, { tokenizer: known }) {
    const train = sentences(96, new Rng(1));
    const tokenizer =
      known ??
      trainWordPiece(
        train.map(({ text }) => text),
        { vocabularySize: 60 },
      );
    const padId = tokenId(tokenizer, "[PAD]");
    const examplesOf = (rows: typeof train) => rows.map(({ text, label }) => textExample(tokenizer.encode(text), label));
    return { tokenizer, padId, test: examplesOf(sentences(40, new Rng(2))), train: paddedTexts(examplesOf(train), { padId }) };
  },
  model: (_, { data, rng }) =>
    new SequenceClassifier({ ...encoder, vocabulary: data.tokenizer.vocabularySize, padId: data.padId, labels: ["bad", "good"], rng }),
  loss(model, { ids, mask, segments, labels }, { mode }) {
    return model.loss(model.forward({ ids, mask, segments }, mode), labels);
  },
  answer: classifyTexts,
  async measure(model, { data, device, signal }) {
    return testMetrics(await measureClassifier(model, data.test, { device, signal, padId: data.padId }));
  },
});

const settings: RunSettings = { seed: 1, epochs: 6, batchSize: 8, learningRate: 1e-2, limit: null, backend: "cpu", threads: null };
const run = { recipe: tiny, preset: tiny.presets[0], settings };

async function trainIn(name: string, { device, stopAfter }: { device: Device; stopAfter?: number }) {
  const stopping = new AbortController();
  const path = join(scratch, name);
  if (stopAfter !== undefined) {
    await using folder = await RunFolder.open(path);
    await folder.write("run.json", "{}");
    const timer = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      if (String(text).includes(`epoch ${stopAfter + 1}/`)) stopping.abort();
      return true;
    });
    const { reason, metrics } = await tiny.train(run, { device, folder, resume: false, signal: stopping.signal });
    timer.mockReset();
    expect([reason, metrics]).toEqual(["stopped", undefined]);
  }
  const resume = stopAfter !== undefined;
  await using folder = await RunFolder.open(path, { resume });
  await folder.write("run.json", "{}");
  const result = await tiny.train(run, { device, folder, resume, signal: new AbortController().signal });
  return { result, path, weights: readFileSync(folder.file("model.safetensors")) };
}

test("learns, measures itself, and gives the same when it is measured again from its folder", async () => {
  await using device = await openDevice(cpu());
  const { result, path } = await trainIn("whole", { device });
  expect(result.metrics!["test/accuracy"]).toBeGreaterThan(0.9);
  expect(Object.keys(result.metrics!)).toContain("test/f1 good");
  const again = await tiny.evaluate(run, { device, folder: path, signal: new AbortController().signal });
  expect(again).toEqual(result.metrics);
  const texts = ["the film was lovely", "so dull"];
  const answers = await tiny.answer!(run, { device, folder: path, signal: new AbortController().signal, texts });
  expect(answers.map((answer) => answer.replace(/ [\d.]+ %$/, ""))).toEqual(["good", "bad"]);
  await expect(tiny.answer!(run, { device, folder: scratch, signal: new AbortController().signal, texts })).rejects.toThrow(
    /expected a tokenizer.json beside the model/,
  );
});

test("a run that was stopped ends with the bits of one that was not", async () => {
  await using device = await openDevice(cpu());
  const whole = await trainIn("straight", { device });
  const parts = await trainIn("stopped", { device, stopAfter: 1 });
  expect(parts.weights.equals(whole.weights)).toBe(true);
});
