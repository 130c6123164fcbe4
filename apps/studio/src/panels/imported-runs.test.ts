/** What a file of a run may hold that no run of ours does: each ends in a sentence, none in a crash. */

import { DataError } from "@dl/core";
import { expect, test } from "vitest";
import type { RunFiles } from "../engine/protocol.ts";
import { initialValues } from "../settings/schema.ts";
import { readRunJson } from "./classify/run-json.ts";
import { classifySchema } from "./classify/schema.ts";
import { readEvolveRun } from "./evolve/run-json.ts";
import { evolveSchema } from "./evolve/schema.ts";
import { readGenerateRun } from "./generate/run-json.ts";
import { generateSchema } from "./generate/schema.ts";
import { readPlayRun } from "./play/run-json.ts";
import { playSchema } from "./play/schema.ts";
import { Alphabet } from "./write/characters.ts";
import { readWriteRun } from "./write/run-json.ts";
import { writeSchema } from "./write/schema.ts";

const encoder = new TextEncoder();
const none = encoder.encode("");

/** The files of a run whose `run.json` is `value`. */
function filesOf(value: unknown): RunFiles {
  const [model, tokens] = [
    { "model.safetensors": none, "agent.safetensors": none },
    { "config.json": none, "tokenizer.json": none },
  ];
  return { "run.json": encoder.encode(JSON.stringify(value)), ...model, ...tokens };
}

const form = initialValues(writeSchema);

/** Each panel's reader, settings that are its own, and how a run says them. */
const panels = {
  classify: { read: (files: RunFiles) => readRunJson(files).settings, settings: initialValues(classifySchema) },
  generate: { read: (files: RunFiles) => readGenerateRun(files).settings, settings: initialValues(generateSchema) },
  write: { read: (files: RunFiles) => readWriteRun(files, form).settings, settings: { ...form, rank: 0 } },
  evolve: { read: readEvolveRun, settings: initialValues(evolveSchema) },
  play: { read: readPlayRun, settings: initialValues(playSchema) },
} as const;
type Panel = keyof typeof panels;

function runOf(panel: Panel, settings: unknown): RunFiles {
  if (panel !== "play") return filesOf({ format: "dl-run-1", recipe: "studio", studio: { panel, settings } });
  return filesOf({ format: "dl-agent-run-1", task: (settings as { task?: unknown }).task, settings });
}

test.each(Object.keys(panels) as Panel[])("%s takes its own settings as they were, and no more", (panel) => {
  const { read, settings } = panels[panel];
  expect(read(runOf(panel, { ...settings, more: 1 }))).toEqual(settings);
});

test.each([
  ["classify", { network: "resnet" }, 'Network: expected one of lenet, vgg, keras, layers, got "resnet".'],
  ["classify", { epochs: "many", seed: -1 }, 'Epochs: expected a whole number from 1 to 100, got "many". Seed: expected'],
  ["generate", { method: "x" }, "Method: expected one of dcgan, wgan-gp, lsgan"],
  ["generate", { size: undefined }, "Networks: expected one of small, full, got none."],
  ["write", { size: "x" }, 'Model: expected one of tiny, small, nano, got "x".'],
  ["write", { rank: 2.5 }, "Rank: expected a whole number from 0 to 64, got 2.5."],
  ["evolve", { strategy: "x" }, 'Strategy: expected one of nsga2, ageing, random, got "x".'],
  ["evolve", { population: null }, "Population: expected a whole number from 2 to 50, got null."],
  ["play", { steps: 1e12 }, "Steps: expected a whole number from 1000 to 2000000, got 1000000000000."],
] as const)("%s refuses %j by name", (panel, change, message) => {
  const { read, settings } = panels[panel];
  expect(() => read(runOf(panel, { ...settings, ...change }))).toThrow(DataError);
  expect(() => read(runOf(panel, { ...settings, ...change }))).toThrow(message);
});

test.each(Object.keys(panels) as Panel[])("%s refuses a run of nothing and of no settings", (panel) => {
  const { read } = panels[panel];
  for (const value of [null, 3, [], { format: "dl-run-1", recipe: "toString" }]) expect(() => read(filesOf(value))).toThrow(DataError);
  for (const inside of panel === "play" ? [{ task: "ppo-cartpole" }] : [undefined, null, 7, {}])
    expect(() => read(runOf(panel, inside))).toThrow(/settings make no sense here\. .*Was it edited\?$/);
});

test.each([
  [
    "dcgan-mnist",
    { epochs: 3, batchSize: 64, learningRate: 2e-4, seed: 1, limit: 500 },
    { method: "dcgan", size: "full", count: 500 },
    true,
  ],
  ["wgan-gp-mnist", { epochs: 3, batchSize: 64, learningRate: 2e-4, seed: 1, limit: null }, { method: "wgan-gp", count: 10_000 }, false],
] as const)("a folder of dl train %s is read, with its checkpoint where its images are here", (recipe, settings, expected, goesOn) => {
  const files = { ...filesOf({ format: "dl-run-1", recipe, preset: "default", settings }), "checkpoint.safetensors": none };
  const read = readGenerateRun(files);
  expect(read.settings).toMatchObject(expected);
  expect("checkpoint.safetensors" in read.usable).toBe(goesOn);
  const edited = filesOf({ format: "dl-run-1", recipe, settings: { ...settings, batchSize: 1e9 } });
  expect(() => readGenerateRun(edited)).toThrow("Batch: expected a whole number from 8 to 256, got 1000000000.");
  const other = filesOf({ format: "dl-run-1", recipe, preset: "essay", settings });
  expect(() => readGenerateRun(other)).toThrow(`with their default presets; got ${recipe}, preset essay.`);
});

test("an adapter without its files is refused; a model of dl train is trained on with the form's settings", () => {
  expect(() => readWriteRun(runOf("write", { ...form, rank: 4 }), form)).toThrow("expected its adapter_config.json");
  const files = { ...filesOf({ format: "dl-run-1", recipe: "gpt-shakespeare", settings: {} }), "checkpoint.safetensors": none };
  const { settings, usable } = readWriteRun(files, { ...form, steps: 70 });
  expect(settings).toEqual({ ...form, text: "shakespeare", size: "nano", steps: 70, rank: 0 });
  expect(usable["checkpoint.safetensors"]).toBeUndefined();
});

test.each([
  ["{", "expected JSON, got something else. The file is damaged or cut off."],
  ["null", "expected a tokenizer of single characters, got another."],
  ['{"model":null}', "expected a tokenizer of single characters, got another."],
  ['{"model":{"vocab":{"ab":0}}}', "expected a tokenizer of single characters, got another."],
  ['{"model":{"vocab":{"a":0,"b":7}}}', "expected a tokenizer of single characters, got another."],
])("tokenizer.json of %s is refused", (text, message) => {
  expect(() => Alphabet.fromTokenizerJson(text)).toThrow(`tokenizer.json: ${message}`);
});
