import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@dl/core";
import { readSafetensors } from "@dl/nn";
import { encodePng, pixelsOf } from "@dl/train";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dlHere, type Ended } from "./dl-fixture.ts";

// 540 real digits are learned in a few seconds: badly, but better than by chance.
const scratch = mkdtempSync(join(tmpdir(), "dl-compress-"));
const at = (name: string): string => join(scratch, name);
const device = ["--threads", "1", "--json"] as const;

beforeAll(async () => {
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
  writeFileSync(at("digit.png"), encodePng(pixelsOf(new Rng(1).uniform([28, 28, 1]))));
  expect((await dlHere("predict", at("int8"), at("digit.png"), ...device)).code).toBe(0);
  expect((await dlHere("explain", at("int8"), at("digit.png"), ...device)).code).toBe(0);
  const again = await dlHere("resume", at("int8"), ...device);
  expect(again).toMatchObject({ code: 2 });
  expect(again.stderr).toContain("one that dl compress made");
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
