import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng, tensor } from "@dl/core";
import { decodeImage } from "@dl/data";
import { encodePng } from "@dl/train";
import { expect, test } from "vitest";
import { backends, onDevice } from "../reference-fixture.ts";
import { encodeApng } from "./apng.ts";
import { spreadOf } from "./diversity.ts";
import { drawLatents, interpolateLatents } from "./latents.ts";
import { imageGrid } from "./sample-grid.ts";

const vector = (...values: number[]) => hostTensor(Float32Array.from(values), [values.length]);

test("a truncated latent has no component beyond the bound; the same stream gives the same latents", () => {
  const { data } = drawLatents(50, { size: 20, rng: new Rng(1), truncation: 0.7 });
  expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(0.7);
  expect(drawLatents(3, { size: 2, rng: new Rng(4) })).toEqual(drawLatents(3, { size: 2, rng: new Rng(4) }));
  expect(() => drawLatents(0, { size: 2, rng: new Rng(4) })).toThrow("drawLatents: expected a whole count ≥ 1, got 0.");
  expect(() => drawLatents(1, { size: 2, rng: new Rng(4), truncation: 0 })).toThrow("expected a truncation above 0, got 0");
});

test("the spherical path keeps the length, the linear one cuts through; both begin and end where they should", () => {
  const [a, b] = [vector(3, 0), vector(0, 3)];
  const rows = (path: "spherical" | "linear") => {
    const { data } = interpolateLatents(a, b, { steps: 5, path });
    return Array.from({ length: 5 }, (_, i) => [data[2 * i]!, data[2 * i + 1]!] as const);
  };
  for (const [x, y] of rows("spherical")) expect(Math.hypot(x, y)).toBeCloseTo(3, 5);
  expect(rows("linear")[2]).toEqual([1.5, 1.5]);
  expect(rows("spherical")[0]).toEqual([3, 0]);
  expect(rows("spherical")[4]![1]).toBeCloseTo(3, 6);
  // From a vector to itself there is no angle to divide by.
  expect([...interpolateLatents(a, a, { steps: 3 }).data]).toEqual([3, 0, 3, 0, 3, 0]);
  expect(() => interpolateLatents(a, vector(1), { steps: 3 })).toThrow("expected two vectors [size], got [2] and [1]");
  expect(() => interpolateLatents(a, b, { steps: 1 })).toThrow("expected a whole number of steps ≥ 2, got 1");
});

test("spread by hand: three points on a line", async () => {
  await using device = await openDevice(cpu());
  const { pairwise, nearest } = await device.compute(() => spreadOf(tensor([[0], [1], [4]])));
  expect(pairwise).toBeCloseTo((1 + 4 + 3) / 3, 5);
  expect(nearest).toBeCloseTo((1 + 1 + 3) / 3, 5);
  const same = await device.compute(() => spreadOf(tensor([[2], [2], [2]])));
  expect([same.pairwise, same.nearest]).toEqual([0, 0]);
});

test.each(backends)("on $name copies are exactly 0 apart, however long and far from 0 they are", async ({ open }) => {
  await onDevice(open(), async (device) => {
    const two = new Rng(3).uniform([2, 784], 100, 101).data;
    const twice = hostTensor(Float32Array.of(...two, ...two), [4, 784]);
    const { pairwise, nearest } = await device.compute(() => spreadOf(tensor(twice)));
    expect(nearest).toBe(0);
    // Four of the six pairs differ, by the distance of two uniform vectors: √(784 / 6).
    expect(pairwise / ((4 / 6) * Math.sqrt(784 / 6))).toBeCloseTo(1, 1);
  });
});

test("a grid puts images row by row, with dark lines between", () => {
  const images = hostTensor(Float32Array.of(1, 1, 0, -1, -3), [5, 1, 1, 1]);
  const { width, height, channels, data } = imageGrid(images, { columns: 3, gap: 1 });
  expect([width, height, channels]).toEqual([5, 3, 1]);
  expect([...data]).toEqual([255, 0, 255, 0, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(() => imageGrid(hostTensor(new Float32Array(4), [2, 2]))).toThrow("imageGrid: expected images [N, H, W, C], got [2, 2].");
});

test("an animation is a PNG that any reader opens at its first frame, with control chunks in order", () => {
  const frame = (value: number) => ({ width: 3, height: 2, channels: 1 as const, data: new Uint8Array(6).fill(value) });
  const file = encodeApng([frame(10), frame(90), frame(200)], { framesPerSecond: 10, plays: 2 });
  const image = decodeImage(file, { name: "progress.png" });
  expect([image.width, image.height, image.data[0]]).toEqual([3, 2, 10]);
  const types: string[] = [];
  const view = new DataView(file.buffer);
  const numbers: number[] = [];
  for (let at = 8; at < file.length; at += 12 + view.getUint32(at)) {
    const type = new TextDecoder().decode(file.subarray(at + 4, at + 8));
    types.push(type);
    if (type === "acTL") expect([view.getUint32(at + 8), view.getUint32(at + 12)]).toEqual([3, 2]);
    if (type === "fcTL" || type === "fdAT") numbers.push(view.getUint32(at + 8));
    if (type === "fcTL") expect(view.getUint16(at + 8 + 22)).toBe(1000);
  }
  expect(types).toEqual(["IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"]);
  expect(numbers).toEqual([0, 1, 2, 3, 4]);
  // The frame's data is that of its own PNG.
  const png = encodePng(frame(90));
  expect(Buffer.from(file).includes(Buffer.from(png.subarray(png.indexOf(73, 40) + 4, -16)))).toBe(true);
  expect(() => encodeApng([])).toThrow("expected at least one frame, got none");
  expect(() => encodeApng([frame(1)], { framesPerSecond: 0.01 })).toThrow("expected 1/65 to 1000 framesPerSecond");
  expect(() => encodeApng([frame(1), { ...frame(1), width: 2, height: 3 }])).toThrow(
    "encodeApng: expected frames of 3×2×1, got 2×3×1 at 1.",
  );
});
