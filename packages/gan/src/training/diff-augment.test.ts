import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng, tensor } from "@dl/core";
import { checkGradients } from "@dl/core/testing";
import { expect, test } from "vitest";
import { diffAugment, instanceNoise } from "./diff-augment.ts";

test("differentiates once and twice, through each kind", async () => {
  await using device = await openDevice(cpu({ precision: "float64" }));
  const x = new Rng(1).uniform([2, 8, 8, 3], -1, 1);
  for (const kind of ["color", "translation", "cutout"] as const) {
    await checkGradients(device, (x) => diffAugment(x!, { rng: new Rng(2), kinds: [kind] }).square(), { inputs: [x], tolerance: 1e-5 });
  }
});

test("a shifted image holds the same pixels, up to an eighth away, and each image moves by itself", async () => {
  await using device = await openDevice(cpu());
  const data = new Float32Array(40 * 256);
  for (let image = 0; image < 40; image++) data[image * 256 + 8 * 16 + 8] = 1; // one bright pixel in the middle
  const moved = await device.compute(() =>
    diffAugment(tensor(hostTensor(data, [40, 16, 16, 1])), { rng: new Rng(3), kinds: ["translation"] }),
  );
  const places = Array.from({ length: 40 }, (_, image) => moved.data.subarray(image * 256, (image + 1) * 256).indexOf(1));
  for (const place of places) {
    expect(Math.abs(Math.floor(place / 16) - 8)).toBeLessThanOrEqual(2);
    expect(Math.abs((place % 16) - 8)).toBeLessThanOrEqual(2);
  }
  expect(new Set(places).size).toBeGreaterThan(10);
});

test("a cut-out is a square of half the size at most, and leaves the rest as it was", async () => {
  await using device = await openDevice(cpu());
  const ones = hostTensor(new Float32Array(20 * 64).fill(1), [20, 8, 8, 1]);
  const cut = await device.compute(() => diffAugment(tensor(ones), { rng: new Rng(4), kinds: ["cutout"] }));
  const holes = Array.from(
    { length: 20 },
    (_, image) => cut.data.subarray(image * 64, (image + 1) * 64).filter((pixel) => pixel === 0).length,
  );
  expect(Math.max(...holes)).toBe(16);
  expect(cut.data.every((pixel) => pixel === 0 || pixel === 1)).toBe(true);
  // Of an odd side, half rounded up, as the paper's code has it.
  const odd = hostTensor(new Float32Array(400 * 81).fill(1), [400, 9, 9, 1]);
  const { data } = await device.compute(() => diffAugment(tensor(odd), { rng: new Rng(4), kinds: ["cutout"] }));
  const sizes = Array.from(
    { length: 400 },
    (_, image) => data.subarray(image * 81, (image + 1) * 81).filter((pixel) => pixel === 0).length,
  );
  expect(Math.max(...sizes)).toBe(25);
  // Its middle is in the image: three rows at least, and as many columns.
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(9);
});

test("colour keeps the differences in one image, by one factor: contrast", async () => {
  await using device = await openDevice(cpu());
  const x = new Rng(5).uniform([3, 4, 4, 1], -1, 1);
  const y = await device.compute(() => diffAugment(tensor(x), { rng: new Rng(6), kinds: ["color"] }));
  for (let image = 0; image < 3; image++) {
    const [a, b] = [x.data.slice(image * 16, image * 16 + 16), y.data.slice(image * 16, image * 16 + 16)];
    const factor = (b[1]! - b[0]!) / (a[1]! - a[0]!);
    expect(factor).toBeGreaterThanOrEqual(0.5 - 1e-4);
    expect(factor).toBeLessThanOrEqual(1.5 + 1e-4);
    for (let i = 2; i < 16; i++) expect(b[i]! - b[0]!).toBeCloseTo(factor * (a[i]! - a[0]!), 4);
  }
});

test("instance noise is as strong as it was told, and nothing at 0", async () => {
  await using device = await openDevice(cpu());
  const noisy = await device.compute(() => instanceNoise(tensor(new Float32Array(10_000)), { rng: new Rng(7), standardDeviation: 0.3 }));
  expect(Math.hypot(...noisy.data) / 100).toBeCloseTo(0.3, 2);
  const none = await device.compute(() => instanceNoise(tensor([1, 2]), { rng: new Rng(7), standardDeviation: 0 }));
  expect([...none.data]).toEqual([1, 2]);
  await expect(device.compute(() => instanceNoise(tensor([1]), { rng: new Rng(7), standardDeviation: -1 }))).rejects.toThrow(
    "instanceNoise: expected a standardDeviation ≥ 0, got -1.",
  );
  await expect(device.compute(() => diffAugment(tensor([1]), { rng: new Rng(1) }))).rejects.toThrow(
    "diffAugment: expected images [B, H, W, C], got [1].",
  );
});
