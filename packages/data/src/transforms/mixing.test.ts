import { cpu } from "@dl/backend-cpu";
import { DtypeError, hostTensor, openDevice, Rng, type Tensor, tensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import { batches } from "../batches.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import { cutMix } from "./cut-mix.ts";
import { deviceCutMix, deviceMixup } from "./device-mix.ts";
import { deviceFlip, devicePadCrop } from "./device-move.ts";
import { flip } from "./flip.ts";
import { drawShare, mixup } from "./mixup.ts";
import { padCrop } from "./pad-crop.ts";

describe("mixing", () => {
  test("mixup blends image and label by the same share", () => {
    const dataset = arrayDataset({
      images: hostTensor(Float32Array.of(0, 0, 1, 1), [2, 1, 2, 1]),
      labels: hostTensor(Int32Array.of(0, 1), [2]),
    });
    const [batch] = batches(dataset, { batchSize: 2, rng: new Rng(5), transform: mixup({ alpha: 1, classes: 2 }) });
    for (const row of [0, 1]) {
      const ofOne = batch!.labels.data[2 * row + 1]!;
      expect(batch!.images.data[2 * row]).toBeCloseTo(ofOne, 6);
      expect(batch!.labels.data[2 * row]! + ofOne).toBeCloseTo(1, 6);
    }
  });

  test("cutMix: the label's share is that of the image's own pixels", () => {
    const [batch] = batches(
      arrayDataset({
        images: hostTensor(
          Float32Array.from({ length: 40 * 64 }, (_, i) => (i < 20 * 64 ? 0 : 1)),
          [40, 8, 8, 1],
        ),
        labels: hostTensor(
          Int32Array.from({ length: 40 }, (_, i) => (i < 20 ? 0 : 1)),
          [40],
        ),
      }),
      { batchSize: 40, rng: new Rng(5), transform: cutMix({ classes: 2 }) },
    );
    for (let row = 0; row < 40; row++) {
      const mean = Array.from(batch!.images.data.subarray(row * 64, (row + 1) * 64)).reduce((a, b) => a + b) / 64;
      expect(batch!.labels.data[2 * row + 1]).toBeCloseTo(mean, 5);
    }
  });

  test("shares have the mean and the variance of Beta(α, α): ½ and 1 / (4 (2α + 1))", () => {
    for (const alpha of [0.2, 1, 3]) {
      const rng = new Rng(1);
      const shares = Array.from({ length: 20_000 }, () => drawShare(rng, alpha));
      const mean = shares.reduce((a, b) => a + b) / shares.length;
      const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
      // Four standard errors of the mean; the variance to 5 %.
      expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(variance / 20_000));
      expect(variance * 4 * (2 * alpha + 1)).toBeCloseTo(1, 1);
    }
  });

  test("labels that are none are refused", () => {
    const dataset = arrayDataset({ images: hostTensor(new Float32Array(2), [2, 1, 1, 1]), labels: hostTensor(new Float32Array(2), [2]) });
    const pass = batches(dataset, { batchSize: 2, rng: new Rng(5), transform: mixup({ classes: 2 }) });
    expect(() => pass.next()).toThrow(DtypeError);
  });
});

describe("on the device", () => {
  const images = new Rng(1).uniform([6, 5, 4, 3]);
  const labels = hostTensor(Int32Array.of(0, 1, 2, 0, 1, 2), [6]);
  const row = (data: ArrayLike<number>, i: number): number[] => Array.from({ length: 60 }, (_, j) => data[i * 60 + j]!);

  test("flip gives each image or its mirror, both among many", async () => {
    await using device = await openDevice(cpu());
    const flipped = await device.compute(() => deviceFlip(tensor(images), { rng: new Rng(3) }));
    const everyOne = await device.compute(() => deviceFlip(tensor(images), { rng: new Rng(3), probability: 1 }));
    const kinds = new Set<string>();
    for (let i = 0; i < 6; i++) {
      const mine = JSON.stringify(row(flipped.data, i));
      const same = mine === JSON.stringify(row(images.data, i));
      expect(same || mine === JSON.stringify(row(everyOne.data, i))).toBe(true);
      kinds.add(String(same));
    }
    expect(kinds.size).toBe(2);
  });

  test.each(["horizontal", "vertical"] as const)("a %s flip is the host's", async (direction) => {
    await using device = await openDevice(cpu());
    const batch = { images: { ...images, data: images.data.slice() } };
    flip({ probability: 1, direction })(batch, { indices: new Int32Array(6), rng: () => new Rng(1) });
    const flipped = await device.compute(() => deviceFlip(tensor(images), { rng: new Rng(1), probability: 1, direction }));
    expect(flipped.data).toEqual(batch.images.data);
  });

  test.each(["zero", "reflect"] as const)("padCrop with mode %s is the host's, draw by draw", async (mode) => {
    await using device = await openDevice(cpu());
    const batch = { images: { ...images, data: images.data.slice() } };
    const stream = new Rng(7);
    padCrop({ padding: 3, mode })(batch, { indices: new Int32Array(6), rng: () => stream });
    const moved = await device.compute(() => devicePadCrop(tensor(images), { rng: new Rng(7), padding: 3, mode }));
    expect(moved.data).toEqual(batch.images.data);
  });

  test.each<[string, (images: Tensor) => Tensor, RegExp]>([
    ["a probability of 2", (x) => deviceFlip(x, { rng: new Rng(1), probability: 2 }), /deviceFlip: .* probability from 0 to 1, got 2/],
    ["no direction", (x) => deviceFlip(x, { rng: new Rng(1), direction: "up" as "vertical" }), /deviceFlip: .* direction .* got up/],
    ["half a pixel", (x) => devicePadCrop(x, { rng: new Rng(1), padding: 0.5 }), /devicePadCrop: .* whole padding .* got 0\.5/],
    ["a negative padding", (x) => devicePadCrop(x, { rng: new Rng(1), padding: -1 }), /whole padding of at least 0, got -1/],
    ["no mode", (x) => devicePadCrop(x, { rng: new Rng(1), padding: 1, mode: "wrap" as "zero" }), /devicePadCrop: .* mode .* got wrap/],
    [
      "too much to mirror",
      (x) => devicePadCrop(x, { rng: new Rng(1), padding: 4, mode: "reflect" }),
      /below the image's size 5 × 4, got 4/,
    ],
  ])("%s is refused as on the host", async (_, change, message) => {
    await using device = await openDevice(cpu());
    await expect((async () => device.compute(() => change(tensor(images))))()).rejects.toThrow(message);
  });

  test("padCrop moves whole images, zeros from outside", async () => {
    await using device = await openDevice(cpu());
    const moved = await device.compute(() => devicePadCrop(tensor(images), { rng: new Rng(4), padding: 1 }));
    const rng = new Rng(4);
    for (let i = 0; i < 6; i++) {
      const [down, across] = [rng.integer(0, 3) - 1, rng.integer(0, 3) - 1];
      for (let y = 0; y < 5; y++) {
        for (let x = 0; x < 4; x++) {
          const inside = y + down >= 0 && y + down < 5 && x + across >= 0 && x + across < 4;
          const from = ((i * 5 + y + down) * 4 + x + across) * 3;
          expect(moved.data[((i * 5 + y) * 4 + x) * 3]).toBe(inside ? images.data[from] : 0);
        }
      }
    }
  });

  test("mixup and CutMix: targets sum to one, and their share is the image's", async () => {
    await using device = await openDevice(cpu());
    const black = hostTensor(
      Float32Array.from({ length: 6 * 60 }, (_, i) => (i < 180 ? 0 : 1)),
      [6, 5, 4, 3],
    );
    const halves = hostTensor(Int32Array.of(0, 0, 0, 1, 1, 1), [6]);
    for (const mixed of [deviceMixup, deviceCutMix]) {
      const out = await device.compute(() => ({ ...mixed(tensor(black), tensor(halves), { rng: new Rng(1), classes: 2 }) }));
      for (let i = 0; i < 6; i++) {
        const mean = row(out.images.data, i).reduce((a, b) => a + b) / 60;
        expect(out.targets.data[2 * i + 1]).toBeCloseTo(mean, 5);
        expect(out.targets.data[2 * i]! + out.targets.data[2 * i + 1]!).toBeCloseTo(1, 5);
      }
    }
    const three = await device.compute(() => deviceMixup(tensor(images), tensor(labels), { rng: new Rng(1), classes: 3 }).targets);
    expect(three.shape).toEqual([6, 3]);
  });
});
