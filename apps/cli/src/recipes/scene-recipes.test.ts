import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { openDevice } from "@dl/core";
import { RunFolder } from "@dl/train/node";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { detectShapes } from "./detect-shapes.ts";
import { type ScenesPreset, sceneParts } from "./scene-sets.ts";
import type { TaskRecipe } from "./task-recipe.ts";
import { unetShapes } from "./unet-shapes.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-scene-recipes-"));
afterAll(() => rmSync(scratch, { recursive: true }));
beforeEach(() => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

test("parts are as large as they should be, of other scenes each, and the same for equal seeds", () => {
  const parts = (seed: number, limit: number | null = null) => sceneParts({ scenes: 160 }, { seed, limit }, (rng) => rng.float());
  const { train, validation, test } = parts(1);
  expect([train.length, validation.length, test.length]).toEqual([160, 10, 20]);
  const all = [train, validation, test].flatMap((part) => Array.from({ length: part.length }, (_, i) => part.get(i)));
  expect(new Set(all).size).toBe(190);
  expect(parts(1).test.get(3)).toBe(test.get(3));
  expect(parts(2).test.get(3)).not.toBe(test.get(3));
  expect(parts(1, 15).train.length).toBe(15);
});

const small: readonly [string, TaskRecipe<ScenesPreset>, object, string, number][] = [
  // Ground everywhere would have a mean overlap of 0.23.
  ["unet-shapes", unetShapes as TaskRecipe<never>, { scenes: 320, width: 8 }, "test/mean intersection over union", 0.28],
  ["detect-shapes", detectShapes as TaskRecipe<never>, { scenes: 320, width: 12 }, "test/average precision at 0.5", 0.3],
];

test.each(small)("%s learns what is where, and its folder gives the same numbers again", async (name, recipe, smaller, metric, least) => {
  const preset = { ...recipe.presets[0], ...smaller, side: 32 };
  const settings = { ...preset.defaults, batchSize: 8, epochs: 6, seed: 1, limit: null, backend: "wasm", threads: null };
  const signal = new AbortController().signal;
  await using device = await openDevice(wasm(), cpu());
  const folder = await RunFolder.open(join(scratch, name));
  const run = { recipe, preset, settings };
  const { metrics } = await recipe.train(run, { device, folder, resume: false, signal });
  expect(metrics![metric]).toBeGreaterThan(least);
  expect(await recipe.evaluate(run, { device, signal, folder: folder.path })).toEqual(metrics);
});
