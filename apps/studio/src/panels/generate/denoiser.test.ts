import { wasm } from "@dl/backend-wasm";
import { type Device, openDevice, Rng } from "@dl/core";
import { arrayDataset, byteColumn, normalize } from "@dl/data";
import { drawLatents } from "@dl/gan";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ArtistContext } from "./artist.ts";
import type { GenerateSettings } from "./contract.ts";
import { denoiserOf } from "./denoiser.ts";

/** Pictures of a bar whose place is the class. */
const images = Uint8Array.from({ length: 8 * 784 }, (_, at) => (Math.floor((at % 28) / 2.8) === Math.floor(at / 784) ? 220 : 20));
const dataset = arrayDataset({ images: byteColumn(images, [8, 28, 28, 1]), labels: byteColumn(new Uint8Array(8), [8]) }) as never;
const settings: GenerateSettings = {
  ...{ set: "mnist", method: "ddpm", size: "small", epochs: 4, batchSize: 4, learningRate: 0.003, count: 8, seed: 3 },
};

let device: Device;
beforeAll(async () => {
  device = await openDevice(wasm({ threads: 1 }));
});
afterAll(() => device[Symbol.asyncDispose]());
const context = (change: Partial<GenerateSettings> = {}): ArtistContext => ({
  ...{ device, settings: { ...settings, ...change }, dataset, rng: new Rng(3), signal: new AbortController().signal },
  ...{ transform: normalize({ mean: [0.5], standardDeviation: [0.5] }), emit: () => undefined },
});

test("it begins as one that finds no noise, and learns at once to find some where there is much", async () => {
  using artist = denoiserOf(context());
  const latents = drawLatents(2, { size: artist.latentSize, rng: new Rng(1) });
  const before = await artist.judge!(await artist.draw(latents, { isHurried: true }));
  // One less the mean square of 6272 normal numbers.
  for (const name of ["littleNoise", "halfNoise", "muchNoise"]) expect(Math.abs(before[name]!), name).toBeLessThan(0.08);
  const { steps } = await artist.fit({ callbacks: [], resume: undefined });
  expect(steps).toBe(4 * artist.stepsPerEpoch);
  const drawn = await artist.draw(latents, { isHurried: true });
  const after = await artist.judge!(drawn);
  expect(after.muchNoise!).toBeGreaterThan(before.muchNoise! + 0.01);
  for (const name of ["diversity", "nearest"]) expect(after[name]!, name).toBeGreaterThan(0);

  // Equal noise gives equal pictures, within the range of pictures.
  expect(await artist.draw(latents, { isHurried: true })).toEqual(drawn);
  expect(drawn.shape).toEqual([2, 28, 28, 1]);
  for (const value of drawn.data) expect(Math.abs(value)).toBeLessThanOrEqual(1);
});

test("in full size, on digits, it is the recipe of dl train; else it is none", () => {
  for (const [change, recipe] of [
    [{}, undefined],
    [{ size: "full" }, "ddpm-mnist"],
    [{ size: "full", set: "fashion" }, undefined],
  ] as const) {
    using artist = denoiserOf(context(change));
    expect(artist.recipe).toBe(recipe);
  }
});
