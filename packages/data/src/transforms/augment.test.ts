import { readFileSync } from "node:fs";
import { hostTensor, OptionError, Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import { batches } from "../batches.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import { resizeImage } from "../images/resize.ts";
import { blur, gaussianBlur } from "./blur.ts";
import { colorJitter, grayscale } from "./color-jitter.ts";
import { cutMix } from "./cut-mix.ts";
import { flip } from "./flip.ts";
import type { FloatImage } from "./float-image.ts";
import { mixup } from "./mixup.ts";
import { padCrop } from "./pad-crop.ts";
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  adjustSharpness,
  autoContrast,
  equalize,
  posterize,
  solarize,
  toGrey,
} from "./pixel-operations.ts";
import { randAugment } from "./rand-augment.ts";
import { randomErasing } from "./random-erasing.ts";
import { randomResizedCrop } from "./random-resized-crop.ts";
import { affine, rotate } from "./rotate.ts";
import type { ImageBatch, LabelledImageBatch, Transform } from "./transform.ts";
import { trivialAugment } from "./trivial-augment.ts";
import { affineMap, warp } from "./warp.ts";

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}
const reference = JSON.parse(readFileSync(new URL("../../fixtures/image_transforms.json", import.meta.url), "utf8")) as {
  image: Stored;
  resize: { size: [number, number]; mode: "bilinear" | "nearest" | "bicubic"; pillow_antialias: Stored }[];
  grayscale: Stored;
  brightness: { factor: number; out: Stored };
  contrast: { factor: number; out: Stored };
  saturation: { factor: number; out: Stored };
};
const photograph = (): FloatImage => {
  const [height, width, channels] = reference.image.shape as [number, number, number];
  return { data: Float32Array.from(reference.image.data, (value) => value / 255), height, width, channels };
};
const grid = (values: number[], width: number): FloatImage => ({
  data: Float32Array.from(values),
  height: values.length / width,
  width,
  channels: 1,
});
const random = (count: number, size = 12, channels = 3) =>
  arrayDataset({
    images: new Rng(1).uniform([count, size, size, channels]),
    labels: hostTensor(
      Int32Array.from({ length: count }, (_, i) => i % 4),
      [count],
    ),
  });

describe("colour", () => {
  test.each([
    ["brightness", adjustBrightness, reference.brightness],
    ["contrast", adjustContrast, reference.contrast],
    ["saturation", adjustSaturation, reference.saturation],
  ] as const)("%s is torchvision's, to what Pillow rounds", (_, adjust, { factor, out }) => {
    const image = photograph();
    adjust(image, factor);
    // Pillow rounds the grey to a level, which the factor enlarges, and cuts the result to one.
    for (const [i, value] of out.data.entries()) expect(Math.abs(image.data[i]! * 255 - value)).toBeLessThanOrEqual(1.4);
  });

  test("grey is torchvision's; hue turned once around, or not at all, is the image", () => {
    const image = photograph();
    toGrey(image);
    const step = reference.grayscale.data.length / (image.height * image.width);
    for (let pixel = 0; pixel < image.height * image.width; pixel++) {
      expect(Math.abs(image.data[pixel * 3]! * 255 - reference.grayscale.data[pixel * step]!)).toBeLessThanOrEqual(1.01);
    }
    for (const shift of [0, 1]) {
      const turned = photograph();
      adjustHue(turned, shift);
      for (const [i, value] of photograph().data.entries()) expect(turned.data[i]).toBeCloseTo(value, 5);
    }
    const red = { data: Float32Array.of(1, 0, 0), height: 1, width: 1, channels: 3 };
    adjustHue(red, 1 / 3);
    expect(Array.from(red.data)).toEqual([0, 1, 0]);
  });

  test("posterize, solarize, autoContrast, equalize and sharpness by hand", () => {
    const levels = (change: (image: FloatImage) => void, ...values: number[]): number[] => {
      const image = grid(
        values.map((value) => value / 255),
        values.length,
      );
      change(image);
      return Array.from(image.data, (value) => Math.round(value * 255));
    };
    expect(levels((image) => posterize(image, 2), 0, 63, 64, 200, 255)).toEqual([0, 0, 64, 192, 192]);
    expect(levels((image) => solarize(image, 128 / 255), 0, 127, 128, 255)).toEqual([0, 127, 127, 0]);
    expect(levels(autoContrast, 50, 100, 200)).toEqual([0, 85, 255]);
    expect(levels(autoContrast, 7, 7)).toEqual([7, 7]);
    const many = Array.from({ length: 1024 }, (_, i) => 100 + (i >> 8));
    expect([...new Set(levels(equalize, ...many))]).toEqual([0, 85, 170, 255].map((value) => expect.closeTo(value, -1)));
    const spot = grid([0, 0, 0, 0, 1, 0, 0, 0, 0], 3);
    adjustSharpness(spot, 0);
    expect(spot.data[4]).toBeCloseTo(5 / 13, 6);
    expect(spot.data[0]).toBe(0);
  });
});

describe("geometry", () => {
  test.each(reference.resize.map((row) => [`${row.mode} to ${row.size.join(" × ")}`, row] as const))(
    "resizeImage %s is Pillow's",
    (_, row) => {
      const [height, width, channels] = reference.image.shape as [number, number, 1 | 3];
      const image = { width, height, channels, data: Uint8Array.from(reference.image.data) };
      const { data } = resizeImage(image, { height: row.size[0], width: row.size[1], filter: row.mode });
      const tolerance = { nearest: 0, bilinear: 1, bicubic: 2 }[row.mode];
      for (const [i, value] of row.pillow_antialias.data.entries()) expect(Math.abs(data[i]! - value)).toBeLessThanOrEqual(tolerance);
    },
  );

  test("a quarter turn against the clock brings the right edge to the top; moves are to the right and down", () => {
    const turned = grid([1, 2, 3, 4, 5, 6, 7, 8, 9], 3);
    warp(turned, affineMap(turned, { angle: 90 }));
    expect(Array.from(turned.data, Math.round)).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
    const moved = grid([1, 2, 3, 4, 5, 6, 7, 8, 9], 3);
    warp(moved, affineMap(moved, { translate: [1, 0] }), { fill: 0.5 });
    expect(Array.from(moved.data)).toEqual([0.5, 1, 2, 0.5, 4, 5, 0.5, 7, 8]);
    const half = grid([0, 4], 2);
    warp(half, affineMap(half, { translate: [0.5, 0] }));
    expect(Array.from(half.data)).toEqual([0, 2]);
    const large = grid([0, 0, 0, 0, 1, 0, 0, 0, 0], 3);
    warp(large, affineMap(large, { scale: 2 }));
    expect(Array.from(large.data)).toEqual([0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25]);
    const sheared = grid([1, 2, 3, 4, 5, 6, 7, 8, 9], 3);
    warp(sheared, affineMap(sheared, { shear: [1, 0] }));
    expect(Array.from(sheared.data)).toEqual([2, 3, 0, 4, 5, 6, 0, 7, 8]);
  });

  test("blur keeps the sum away from the border, and a flat image", () => {
    const spot = grid(
      Array.from({ length: 121 }, (_, i) => (i === 60 ? 1 : 0)),
      11,
    );
    gaussianBlur(spot, 1);
    expect(spot.data.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(spot.data[60]! / spot.data[61]!).toBeCloseTo(Math.exp(0.5), 4);
    const flat = grid(new Array<number>(6).fill(0.25), 2);
    gaussianBlur(flat, 3);
    for (const value of flat.data) expect(value).toBeCloseTo(0.25, 6);
  });

  test("randomResizedCrop of everything is a resize, and gives the size asked for", () => {
    const dataset = random(5, 8);
    const [whole] = batches(dataset, {
      batchSize: 5,
      rng: new Rng(1),
      transform: randomResizedCrop({ height: 8, width: 8, area: [1, 1], aspect: [1, 1] }),
    });
    for (const [i, value] of dataset.column!("images")!.data.entries()) expect(whole!.images.data[i]).toBeCloseTo(value, 5);
    const [cut] = batches(dataset, { batchSize: 5, rng: new Rng(1), transform: randomResizedCrop({ height: 5, width: 3 }) });
    expect(cut!.images.shape).toEqual([5, 5, 3, 3]);
    expect(cut!.images.data.every((value) => value >= -1e-6 && value <= 1 + 1e-6)).toBe(true);
  });

  test("randomErasing blanks one rectangle of a share that is asked for", () => {
    const dataset = arrayDataset({ images: hostTensor(new Float32Array(200 * 400).fill(1), [200, 20, 20, 1]) });
    const [batch] = batches(dataset, { batchSize: 200, rng: new Rng(2), transform: randomErasing({ probability: 1, area: [0.1, 0.3] }) });
    let blanked = 0;
    for (let i = 0; i < 200; i++) {
      const image = Array.from(batch!.images.data.subarray(i * 400, (i + 1) * 400));
      const zeros = image.reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
      if (zeros === 0) continue;
      blanked++;
      expect(zeros / 400).toBeGreaterThan(0.07);
      expect(zeros / 400).toBeLessThan(0.36);
      const rows = new Set(
        Array.from(image.keys())
          .filter((j) => image[j] === 0)
          .map((j) => Math.floor(j / 20)),
      );
      expect(zeros % rows.size).toBe(0);
    }
    expect(blanked).toBeGreaterThan(190);
  });
});

describe("every random transform", () => {
  const kinds: readonly [string, Transform<LabelledImageBatch> | Transform<ImageBatch>, boolean?][] = [
    ["flip", flip()],
    ["padCrop", padCrop({ padding: 2 })],
    ["rotate", rotate({ degrees: 30 })],
    ["affine", affine({ degrees: 10, translate: [0.1, 0.2], scale: [0.8, 1.2], shear: 10 })],
    ["colorJitter", colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 })],
    ["grayscale", grayscale({ probability: 0.5 })],
    ["blur", blur()],
    ["randAugment", randAugment()],
    ["trivialAugment", trivialAugment()],
    ["randomErasing", randomErasing()],
    ["randomErasing with noise", randomErasing({ value: "noise" })],
    ["randomResizedCrop", randomResizedCrop({ height: 6, width: 6 })],
    ["mixup", mixup({ classes: 4 }), true],
    ["cutMix", cutMix({ classes: 4 }), true],
  ];

  test.each(kinds)("%s: the same stream gives the same, another something else; no NaN", (_, transform, pairs = false) => {
    const make = (seed: number, batchSize = 24) => [
      ...batches(random(24), { batchSize, rng: new Rng(seed), transform: transform as Transform<LabelledImageBatch> }),
    ];
    const [first] = make(1);
    expect(make(1)[0]).toEqual(first);
    expect(make(2)[0]).not.toEqual(first);
    expect(first!.images.data.every(Number.isFinite)).toBe(true);
    // What an example gets does not depend on its batch, unless it is mixed with others of it.
    if (!pairs) expect(make(1, 7).flatMap(({ images }) => Array.from(images.data))).toEqual(Array.from(first!.images.data));
  });

  test.each(kinds)("%s: needs an rng", (_, transform) => {
    expect(() => batches(random(4), { batchSize: 4, transform: transform as Transform<LabelledImageBatch> }).next()).toThrow(
      /expected an rng/,
    );
  });

  test.each(kinds.filter(([name]) => !name.includes("noise")))("%s: grey images too", (_, transform) => {
    const [batch] = batches(random(8, 12, 1), { batchSize: 8, rng: new Rng(1), transform: transform as Transform<LabelledImageBatch> });
    expect(batch!.images.shape.at(-1)).toBe(1);
    expect(batch!.images.data.every(Number.isFinite)).toBe(true);
  });

  test("wrong options are refused", () => {
    expect(() => rotate({ degrees: -1 })).toThrow(OptionError);
    expect(() => affine({ scale: [0, 1] })).toThrow(OptionError);
    expect(() => affine({ translate: [2, 0] })).toThrow(OptionError);
    expect(() => colorJitter({ hue: 0.6 })).toThrow(OptionError);
    expect(() => grayscale({ probability: 2 })).toThrow(OptionError);
    expect(() => blur({ sigma: [2, 1] })).toThrow(OptionError);
    expect(() => randAugment({ magnitude: 31 })).toThrow(OptionError);
    expect(() => randAugment({ operations: 0 })).toThrow(OptionError);
    expect(() => randomErasing({ area: [0, 2] })).toThrow(OptionError);
    expect(() => randomResizedCrop({ height: 0, width: 1 })).toThrow(OptionError);
    expect(() => mixup({ classes: 1 })).toThrow(OptionError);
    expect(() => cutMix({ classes: 3, alpha: 0 })).toThrow(OptionError);
  });
});
