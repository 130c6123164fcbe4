import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostTensor, Rng } from "@dl/core";
import { readSafetensors } from "@dl/nn";
import { encodePng, pixelsOf } from "@dl/train";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dlHere, type Ended, startDl, until } from "./dl-fixture.ts";

// 540 real digits are learned in a few seconds: badly, but better than by chance.
const scratch = mkdtempSync(join(tmpdir(), "dl-compress-"));
const at = (name: string): string => join(scratch, name);
const device = ["--threads", "1", "--json"] as const;

// Bytes of a PNG, so that the file holds just these numbers.
const noise = new Rng(1).integers([28, 28, 1], 0, 256);
const picture = hostTensor(
  Float32Array.from(noise.data, (byte) => byte / 255),
  [28, 28, 1],
);

beforeAll(async () => {
  writeFileSync(at("digit.png"), encodePng(pixelsOf(picture)));
  const words = ["train", "lenet-mnist", "--limit", "600", "--epochs", "2", "--batch-size", "16", "--out", at("run"), ...device];
  expect((await dlHere(...words)).code).toBe(0);
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true }));

interface Measure {
  readonly bytes: number;
  readonly parameters: number;
  readonly nonZeros: number;
  readonly metrics: Readonly<Record<string, number>>;
}
interface Line {
  readonly before: Measure;
  readonly after: Measure;
  readonly steps: readonly string[];
}
type Classes = readonly { readonly name: string; readonly probability: number }[];

/** What `dl predict` says to the picture, by class. */
async function predicted(run: string): Promise<Classes> {
  const ended = await dlHere("predict", at(run), at("digit.png"), "--top", "10", ...device);
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return (JSON.parse(ended.stdout) as { predictions: readonly [{ classes: Classes }] }).predictions[0].classes;
}

/** What `dl serve` says to it. */
async function served(run: string): Promise<Classes> {
  const running = startDl(["serve", at(run), "--port", "0", "--backend", "wasm", "--threads", "1"]);
  try {
    await until(running, () => / at http/.test(running.stderr()));
    const address = / at (http\S+),/.exec(running.stderr())![1]!;
    const [headers, body] = [{ "content-type": "image/png" }, readFileSync(at("digit.png"))];
    const answer = await (await fetch(`${address}/predict?top=10`, { method: "POST", headers, body })).json();
    return (answer as { classes: Classes }).classes;
  } finally {
    running.process.kill("SIGKILL");
  }
}

/** What the ONNX file of `dl export` says to it, by class, and its bytes. */
async function exported(run: string): Promise<{ probabilities: Float32Array; bytes: Buffer }> {
  const ended = await dlHere("export", at(run), "--to", "onnx");
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  const bytes = readFileSync(join(at(run), "model.onnx"));
  const session = await InferenceSession.create(bytes);
  const { probabilities } = await session.run({ images: new OrtTensor("float32", picture.data as Float32Array, [1, 28, 28, 1]) });
  await session.release();
  return { probabilities: probabilities!.data as Float32Array, bytes };
}

const lineOf = ({ stdout }: Ended): Line => JSON.parse(stdout) as Line;

test("int8: a quarter of the bytes, and evaluate, predict and explain take the new run", async () => {
  const ended = await dlHere("compress", "--run", at("run"), "--quantise", "int8", "--out", at("int8"), ...device);
  expect(ended).toMatchObject({ code: 0 });
  const { before, after } = lineOf(ended);
  expect(before.bytes / after.bytes).toBeGreaterThan(3.5);
  expect(statSync(join(at("int8"), "model.safetensors")).size).toBe(after.bytes);
  expect(readFileSync(join(at("int8"), "report.html"), "utf8")).toContain("Compression report");
  const evaluated = JSON.parse((await dlHere("evaluate", at("int8"), ...device)).stdout) as { metrics: Record<string, number> };
  expect(evaluated.metrics).toEqual(after.metrics);
  expect(Math.abs(after.metrics["test/accuracy"]! - before.metrics["test/accuracy"]!)).toBeLessThan(0.02);
  expect((await dlHere("explain", at("int8"), at("digit.png"), ...device)).code).toBe(0);
  const classes = await predicted("int8");
  const answered = await served("int8");
  for (const [i, { name, probability }] of classes.entries()) {
    expect(answered[i]!.name).toBe(name);
    expect(answered[i]!.probability).toBeCloseTo(probability, 6);
  }
  // The file is of integers, not of floats that happen to be rounded.
  const { probabilities, bytes } = await exported("int8");
  for (const text of ["QuantizeLinear", "conv1.weight.scale"]) expect(bytes.includes(text), text).toBe(true);
  expect(bytes.length).toBeLessThan(before.bytes / 3);
  // Sums in another order may carry an activation over to the next of its 256 steps.
  for (const { name, probability } of classes) expect(Math.abs(probabilities[Number(name)]! - probability)).toBeLessThan(0.01);
  expect(await dlHere("export", at("int8"), "--to", "tfjs")).toMatchObject({ code: 0 });
  const again = await dlHere("resume", at("int8"), ...device);
  expect(again).toMatchObject({ code: 2 });
  expect(again.stderr).toContain("one that dl compress made");
  const further = await dlHere("compress", at("int8"), "--prune", "0.5", "--epochs", "0", "--out", at("further"), ...device);
  expect(further).toMatchObject({ code: 2 });
  expect(further.stderr).toContain("expected a run whose model is not rounded yet");
});

test("pruned, cut and factored at once, with training in between", async () => {
  const words = ["--prune", "0.8", "--channels", "0.5", "--low-rank", "0.9", "--epochs", "1", "--out", at("small")];
  const ended = await dlHere("compress", at("run"), ...words, ...device);
  expect(ended).toMatchObject({ code: 0 });
  const { before, after, steps } = lineOf(ended);
  expect(steps).toHaveLength(4);
  expect(after.parameters).toBeLessThan(before.parameters / 2);
  expect(after.nonZeros).toBeLessThan(0.3 * after.parameters);
  const { metadata } = readSafetensors(readFileSync(join(at("small"), "model.safetensors")));
  expect(metadata.get("format")).toBe("dl-compressed-1");
  const evaluated = JSON.parse((await dlHere("evaluate", at("small"), ...device)).stdout) as { metrics: Record<string, number> };
  expect(evaluated.metrics).toEqual(after.metrics);
  const classes = await predicted("small");
  const answered = await served("small");
  const { probabilities } = await exported("small");
  for (const [i, { name, probability }] of classes.entries()) {
    expect(answered[i]!.name).toBe(name);
    expect(answered[i]!.probability).toBeCloseTo(probability, 6);
    expect(probabilities[Number(name)]!).toBeCloseTo(probability, 4);
  }
  // Layers that PyTorch's form of the network has not keep our names.
  expect(await dlHere("export", at("small"), "--to", "safetensors")).toMatchObject({ code: 0 });
  expect(readSafetensors(readFileSync(join(at("small"), "model.export.safetensors"))).metadata.get("format")).toBeUndefined();
});

test.each([
  [["compress", at("run")], "expected --prune, --channels, --low-rank or --quantise, got none"],
  [["compress", at("run"), "--prune", "1"], "--prune: expected a share above 0 and below 1, got 1"],
  [["compress", at("run"), "--quantise", "int2"], '--quantise: expected int8 or int4, got "int2"'],
  [["compress", "--quantise", "int8"], "expected one run folder, got none"],
])("wrong words: %j", async (words, message) => {
  const ended = await dlHere(...words);
  expect(ended).toMatchObject({ code: 2 });
  expect(ended.stderr).toContain(message);
});
