import { readFileSync } from "node:fs";
import { hostTensor, OptionError, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batches } from "../batches.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import { alternatingFlip } from "./alternating-flip.ts";
import { cutout } from "./cutout.ts";
import { flip } from "./flip.ts";
import { normalize } from "./normalize.ts";
import { padCrop } from "./pad-crop.ts";
import type { ImageBatch, Transform } from "./transform.ts";

/** `count` images whose pixels are 1, 2, 3, …: none is zero, all differ. */
function numbered(count: number, height: number, width: number, channels: number) {
  const length = count * height * width * channels;
  const images = hostTensor(
    Float32Array.from({ length }, (_, i) => i + 1),
    [count, height, width, channels],
  );
  return arrayDataset({ images });
}

const apply = (dataset: ReturnType<typeof numbered>, transform: Transform<ImageBatch> | Transform<ImageBatch>[], seed = 1): Float32Array =>
  batches(dataset, { batchSize: dataset.length, transform, rng: new Rng(seed) }).next().value!.images.data as Float32Array;

/** Pixels of one image at `(y, x)`, or `outside` beyond it. */
const pixel = (
  image: ArrayLike<number>,
  { y, x, width, height }: { y: number; x: number; width: number; height: number },
  outside: number,
) => (y < 0 || x < 0 || y >= height || x >= width ? outside : image[y * width + x]!);

describe("normalize", () => {
  test("equals torchvision's to 1e-5", () => {
    const { image, normalize: reference } = JSON.parse(
      readFileSync(new URL("../../fixtures/image_transforms.json", import.meta.url), "utf8"),
    );
    const images = hostTensor(
      Float32Array.from(image.data, (byte: number) => byte / 255),
      [1, ...image.shape],
    );
    const result = apply(arrayDataset({ images }), normalize({ mean: reference.mean, standardDeviation: reference.std }));
    const [height, width, channels] = image.shape;
    for (let i = 0; i < result.length; i++) {
      const chw = (i % channels) * height * width + Math.floor(i / channels);
      expect(Math.abs(result[i]! - reference.out_chw.data[chw])).toBeLessThan(1e-5);
    }
  });

  test("wants one mean and one positive deviation a channel", () => {
    expect(() => normalize({ mean: [0, 0], standardDeviation: [1] })).toThrow(OptionError);
    expect(() => normalize({ mean: [0], standardDeviation: [0] })).toThrow(/above 0, got 0/);
    expect(() => apply(numbered(1, 2, 2, 3), normalize({ mean: [0], standardDeviation: [1] }))).toThrow(/1 channels, got 3/);
  });
});

describe("flip", () => {
  test("by hand: rows in reverse", () => {
    expect(apply(numbered(2, 3, 1, 2), flip({ probability: 1, direction: "vertical" }))).toEqual(
      Float32Array.of(5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8),
    );
  });

  test("by hand: columns in reverse, channels in place", () => {
    expect(apply(numbered(1, 2, 3, 2), flip({ probability: 1 }))).toEqual(Float32Array.of(5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8));
  });

  test("twice is nothing; probability 0 is nothing; 0.5 flips about half", () => {
    const dataset = numbered(400, 1, 3, 1);
    const original = dataset.getBatch(Int32Array.from({ length: 400 }, (_, i) => i)).images.data;
    expect(apply(dataset, [flip({ probability: 1 }), flip({ probability: 1 })])).toEqual(original);
    expect(apply(dataset, flip({ probability: 0 }))).toEqual(original);
    const flipped = apply(dataset, flip()).filter((value, i) => i % 3 === 0 && value !== original[i]).length;
    // Binomial(400, ½): four standard deviations are 40.
    expect(Math.abs(flipped - 200)).toBeLessThan(40);
  });
});

describe("alternatingFlip", () => {
  const dataset = numbered(200, 1, 3, 1);
  const isFlipped = (images: Float32Array): boolean[] => Array.from({ length: 200 }, (_, i) => images[3 * i] !== 3 * i + 1);
  const inEpoch = (epoch: number, seed = 4): boolean[] =>
    isFlipped(apply(dataset, alternatingFlip({ epoch: () => epoch, rng: new Rng(seed) })));

  test("mirrors about half of the images in an epoch, and exactly the others in the next", () => {
    const first = inEpoch(0);
    // Binomial(200, ½): four standard deviations are 28.
    expect(Math.abs(first.filter(Boolean).length - 100)).toBeLessThan(28);
    expect(inEpoch(1)).toEqual(first.map((flipped) => !flipped));
    expect(inEpoch(2)).toEqual(first);
    expect(inEpoch(0, 5)).not.toEqual(first);
  });

  test("asks for the epoch at every batch, and an image's side does not depend on batch size or order", () => {
    let epoch = 0;
    const transform = alternatingFlip({ epoch: () => epoch, rng: new Rng(4) });
    const pass = batches(dataset, { batchSize: 60, shuffle: new Rng(2), transform });
    const indices = pass.indices(0);
    const rows = (images: Float32Array): boolean[] => Array.from(indices, (index, row) => images[3 * row] !== 3 * index + 1);
    expect(rows(pass.at(0).images.data as Float32Array)).toEqual(Array.from(indices, (index) => inEpoch(0)[index]!));
    epoch = 1;
    expect(rows(pass.at(0).images.data as Float32Array)).toEqual(Array.from(indices, (index) => inEpoch(1)[index]!));
  });
});

describe("padCrop", () => {
  test.each(["zero", "reflect"] as const)("%s: every image is the original moved by up to the padding, and every move occurs", (mode) => {
    const height = 4;
    const width = 5;
    const dataset = numbered(300, height, width, 1);
    const moved = apply(dataset, padCrop({ padding: 2, mode }));
    const reflected = (at: number, size: number): number => (at < 0 ? -at : at >= size ? 2 * size - 2 - at : at);
    const moves = new Set<string>();
    for (let image = 0; image < 300; image++) {
      const original = dataset.get(image).images.data;
      const result = moved.subarray(image * 20, image * 20 + 20);
      const fits = (down: number, across: number): boolean =>
        result.every((value, i) => {
          let y = Math.floor(i / width) + down;
          let x = (i % width) + across;
          if (mode === "reflect") [y, x] = [reflected(y, height), reflected(x, width)];
          return value === pixel(original, { y, x, width, height }, 0);
        });
      const found: string[] = [];
      for (let down = -2; down <= 2; down++)
        for (let across = -2; across <= 2; across++) if (fits(down, across)) found.push(`${down},${across}`);
      expect(found.length).toBe(1);
      moves.add(found[0]!);
    }
    // 300 draws of 25 moves: one is missed with probability 25·(24/25)³⁰⁰ ≈ 1e-4; the seed is fixed.
    expect(moves.size).toBe(25);
  });

  test("channels move together", () => {
    const result = apply(numbered(1, 3, 3, 2), padCrop({ padding: 2 }), 5);
    for (let i = 0; i < result.length; i += 2) if (result[i] !== 0) expect(result[i + 1]).toBe(result[i]! + 1);
  });

  test("a padding larger than the image leaves zeros, and cannot be reflected", () => {
    const result = apply(numbered(50, 2, 2, 1), padCrop({ padding: 9 }));
    expect(result.some((value) => value === 0)).toBe(true);
    expect(() => apply(numbered(1, 2, 2, 1), padCrop({ padding: 2, mode: "reflect" }))).toThrow(/below the image's size 2 × 2, got 2/);
    expect(() => padCrop({ padding: -1 })).toThrow(OptionError);
    expect(() => padCrop({ padding: 1.5 })).toThrow(OptionError);
  });
});

describe("cutout", () => {
  test("blanks one rectangle: the square, cut at the border, and nothing else", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(), (size, seed) => {
        const [height, width] = [6, 7];
        const dataset = numbered(1, height, width, 1);
        const original = dataset.get(0).images.data;
        const result = apply(dataset, cutout({ size, value: -1 }), seed);
        const blank = [...result.keys()].filter((i) => result[i] === -1);
        const rows = blank.map((i) => Math.floor(i / width));
        const columns = blank.map((i) => i % width);
        const [top, bottom] = [Math.min(...rows), Math.max(...rows)];
        const [left, right] = [Math.min(...columns), Math.max(...columns)];
        expect(blank.length).toBe((bottom - top + 1) * (right - left + 1));
        expect(bottom - top < size && right - left < size).toBe(true);
        if (top > 0 && bottom < height - 1) expect(bottom - top + 1).toBe(size);
        if (left > 0 && right < width - 1) expect(right - left + 1).toBe(size);
        for (const [i, value] of result.entries()) if (value !== -1) expect(value).toBe(original[i]);
      }),
      { numRuns: 60 },
    );
  });
});

test("augmentation of an example is the same whatever the batch size and order", () => {
  const dataset = numbered(30, 6, 6, 3);
  const transform = [padCrop({ padding: 2, mode: "reflect" }), flip(), cutout({ size: 2 })];
  const perExample = (batchSize: number, shuffle: Rng | undefined): Map<number, Float32Array> => {
    const pass = batches(dataset, { batchSize, shuffle, transform, rng: new Rng(8) });
    const images = new Map<number, Float32Array>();
    for (let position = 0; position < pass.length; position++) {
      const indices = pass.indices(position);
      const batch = pass.next().value!;
      indices.forEach((index, row) => {
        images.set(index, (batch.images.data as Float32Array).slice(row * 108, row * 108 + 108));
      });
    }
    return images;
  };
  const reference = perExample(30, undefined);
  for (const [index, image] of perExample(7, new Rng(2))) expect(image).toEqual(reference.get(index));
});

test("images of another dtype or rank are refused", () => {
  const integers = arrayDataset({ images: hostTensor(new Int32Array(4), [1, 2, 2, 1]) });
  const flat = arrayDataset({ images: hostTensor(new Float32Array(4), [1, 4]) });
  expect(() => batches(integers, { batchSize: 1, transform: flip(), rng: new Rng(1) }).next()).toThrow(
    /flip: expected float32 images, got int32/,
  );
  expect(() => batches(flat, { batchSize: 1, transform: flip(), rng: new Rng(1) }).next()).toThrow(/images \[B, H, W, C\], got \[1, 4\]/);
});
