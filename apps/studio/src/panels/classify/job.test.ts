import { wasm } from "@dl/backend-wasm";
import { openDevice, Rng } from "@dl/core";
import { readTensors } from "@dl/nn";
import { expect, test } from "vitest";
import { imageSetOfPictures } from "../../data/own-pictures.ts";
import { Pacer } from "../../engine/pacer.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import type { ClassifyEvent, ClassifyPayload, ClassifySettings } from "./contract.ts";
import { openClassify } from "./job.ts";
import { readRunJson, writeRunJson } from "./run-json.ts";

/** Pictures of a bar whose place is the class. */
function bars(count: number, seed: number) {
  const images = new Uint8Array(count * 784);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const noise = new Rng(seed).uniform([count * 784]).data;
  for (let i = 0; i < count; i++) {
    for (let at = 0; at < 784; at++)
      images[784 * i + at] = 40 * noise[784 * i + at]! + (Math.floor((at % 28) / 2.8) === labels[i] ? 200 : 0);
  }
  return { images, labels };
}

const classNames = Array.from({ length: 10 }, (_, i) => String(i));
const payload: ClassifyPayload = {
  ...{ title: "bars", classNames, shape: [28, 28, 1], statistics: { mean: [0.16], standardDeviation: [0.25] } },
  train: bars(200, 1),
  test: bars(60, 2),
};
const settings: ClassifySettings = {
  set: "mnist",
  network: "lenet",
  layers: "",
  epochs: 2,
  batchSize: 32,
  learningRate: 0.004,
  count: 200,
  seed: 3,
};

/** A run on a device of its own, to the end or to a step. */
async function run({ files, until = Number.POSITIVE_INFINITY }: { files?: RunFiles; until?: number } = {}) {
  await using device = await openDevice(wasm({ threads: 1 }));
  const controller = new AbortController();
  const events: ClassifyEvent[] = [];
  await using job = await openClassify({
    ...{ device, pacer: new Pacer(), settings, payload, files, signal: controller.signal },
    emit(event) {
      events.push(event);
      if (event.kind === "step" && event.step >= until) controller.abort();
    },
  });
  const reason = await job.run();
  return { reason, events, files: (await job.files())!, look: await job.asks.look({ image: new Float32Array(784).fill(0.5) }) };
}

test("a run that is stopped and goes on from its files ends with the bits of one that was not, and has learned", async () => {
  const whole = await run();
  const first = await run({ until: 8 });
  const second = await run({ files: first.files });
  expect(first.reason).toBe("stopped");
  expect(second.reason).toBe("finished");
  // One epoch is measured before the stop, one after it: the rows are those of the whole, but for their seconds.
  const rows = ({ "metrics.csv": csv }: RunFiles) =>
    new TextDecoder()
      .decode(csv)
      .split("\n")
      .map((row) => row.split(",").toSpliced(2, 1));
  expect(rows(second.files)).toEqual(rows(whole.files));
  const weights = (files: RunFiles) => [...readTensors(files["model.safetensors"]!)].map(([name, { data }]) => [name, [...data]]);
  expect(weights(second.files)).toEqual(weights(whole.files));
  const test = whole.events.findLast((event) => event.kind === "test");
  expect(test).toMatchObject({ kind: "test", count: 60 });
  expect(test?.kind === "test" && test.accuracy).toBeGreaterThan(0.8);
  expect(whole.look.heat).toHaveLength(784);
  expect(whole.look.maps.map(({ path, shape }) => [path, ...shape])).toEqual([
    ["conv1", 28, 28, 6],
    ["conv2", 10, 10, 16],
  ]);
}, 30_000);

test("two pictures of each class are enough, without a tenth of them to stop early by", async () => {
  await using device = await openDevice(wasm({ threads: 1 }));
  const own = imageSetOfPictures(new Map(["cup", "hand"].map((name, i) => [name, [0, 1].map(() => new Uint8Array(3072).fill(99 * i))])));
  const context = { device, pacer: new Pacer(), files: undefined, signal: new AbortController().signal, emit: () => undefined };
  await using job = await openClassify({
    ...context,
    settings: { ...settings, set: "folder", network: "layers", layers: "pool pool dense4" },
    payload: { title: "own", shape: [32, 32, 3], ...own },
  });
  expect(await job.run()).toBe("finished");
});

test("weights without a checkpoint are opened and measured, not trained", async () => {
  const { files, events } = await run();
  const { "checkpoint.safetensors": _, ...weights } = files;
  const opened = await run({ files: weights });
  const accuracyOf = (list: readonly ClassifyEvent[]) => list.findLast((event) => event.kind === "test");
  expect(accuracyOf(opened.events)).toMatchObject({ accuracy: (accuracyOf(events) as { accuracy: number }).accuracy });
  expect(opened.events.some((event) => event.kind === "step")).toBe(false);
}, 30_000);

test("run.json is that of dl train, and comes back; what is none is refused", () => {
  const bytes = writeRunJson(settings, { recipe: "lenet-mnist", classNames });
  expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({
    ...{ format: "dl-run-1", recipe: "lenet-mnist", preset: "default" },
    settings: { epochs: 2, batchSize: 32, learningRate: 0.004, seed: 3, limit: 200, backend: "auto", threads: null },
  });
  expect(readRunJson({ "run.json": bytes })).toEqual({ settings, images: 200, classNames: undefined });
  const own = writeRunJson({ ...settings, set: "folder" }, { recipe: undefined, classNames: ["cup", "hand"] });
  expect(readRunJson({ "run.json": own }).classNames).toEqual(["cup", "hand"]);
  const of = (value: unknown): RunFiles => ({
    "run.json": new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)),
  });
  const cli = {
    format: "dl-run-1",
    recipe: "keras-cnn-cifar10",
    preset: "default",
    settings: { epochs: 4, batchSize: 64, learningRate: 0.001, seed: 1, limit: null },
  };
  expect(readRunJson(of(cli))).toMatchObject({ settings: { set: "cifar", network: "keras", epochs: 4, count: 10_000 }, images: Infinity });
  expect(() => readRunJson(of("{"))).toThrow("run.json: expected JSON");
  expect(() => readRunJson(of({ format: "x" }))).toThrow('expected a run (format dl-run-1), got format "x"');
  expect(() => readRunJson(of({ ...cli, recipe: "gpt-shakespeare" }))).toThrow("this panel opens runs of lenet-mnist");
  expect(() => readRunJson(of({ ...cli, settings: { epochs: "many" } }))).toThrow(
    'Epochs: expected a whole number from 1 to 100, got "many".',
  );
});
