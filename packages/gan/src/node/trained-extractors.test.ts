import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasm } from "@dl/backend-wasm";
import { hostTensor, openDevice, Rng } from "@dl/core";
import { readState, writeSafetensors } from "@dl/nn";
import { expect, test } from "vitest";
import { extractFeatures } from "../scores/feature-extractor.ts";
import { FeatureNetwork } from "../scores/feature-network.ts";
import { extractorFrom, trainedExtractor } from "./trained-extractors.ts";

test("the extractor of digits comes with the package, says how good it is, and is small", async () => {
  using extractor = await trainedExtractor("mnist");
  expect(extractor.accuracy).toBeGreaterThanOrEqual(0.99);
  expect(extractor.name).toBe(`FeatureNetwork on mnist, test accuracy ${(100 * extractor.accuracy).toFixed(2)} %`);
  expect(extractor.network.parameterCount).toBeLessThan(40_000);
  // A vertical stroke, and a ring: it does see digits.
  const draw = (isInk: (x: number, y: number) => boolean) =>
    Float32Array.from({ length: 784 }, (_, i) => (isInk(i % 28, Math.floor(i / 28)) ? 1 : 0));
  const one = draw((x, y) => x >= 13 && x <= 15 && y >= 5 && y <= 22);
  const zero = draw((x, y) => Math.abs(Math.hypot((x - 14) * 1.35, y - 14) - 8) < 1.3);
  await using device = await openDevice(wasm({ threads: 1 }));
  const { probabilities } = await extractFeatures(hostTensor(Float32Array.of(...one, ...zero), [2, 28, 28, 1]), { device, extractor });
  const best = [0, 1].map((row) => {
    const own = Array.from(probabilities.data.subarray(10 * row, 10 * row + 10));
    return own.indexOf(Math.max(...own));
  });
  expect(best).toEqual([1, 0]);
});

test("one of colour images, of other classes, says so by its weights", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dl-gan-"));
  try {
    const path = join(folder, "x.safetensors");
    using network = new FeatureNetwork({ channels: 3, classes: 4, rng: new Rng(1) });
    await writeFile(path, writeSafetensors(await readState(network), { metadata: { data: "shapes", accuracy: "0.75" } }));
    using extractor = await extractorFrom(path);
    expect([extractor.name, extractor.size, extractor.classes]).toEqual(["FeatureNetwork on shapes, test accuracy 75.00 %", 64, 4]);
    await using device = await openDevice(wasm({ threads: 1 }));
    const { features, probabilities } = await extractFeatures(new Rng(2).uniform([2, 8, 8, 3]), { device, extractor });
    expect([features.shape, probabilities.shape]).toEqual([
      [2, 64],
      [2, 4],
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("data without a classifier in the package are named", async () => {
  await expect(trainedExtractor("svhn" as never)).rejects.toThrow(
    /^trainedExtractor: expected data that the package has a classifier of, got "svhn": there is no .*svhn\.safetensors\. Train one/,
  );
});

test("other safetensors files are refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dl-gan-"));
  try {
    const path = join(folder, "x.safetensors");
    await writeFile(path, writeSafetensors(new Map([["a", new Rng(1).normal([2])]])));
    await expect(extractorFrom(path)).rejects.toThrow("expected the weights of an extractor, with its data and accuracy in the metadata");
    await writeFile(path, writeSafetensors(new Map([["a", new Rng(1).normal([2])]]), { metadata: { data: "mnist", accuracy: "1" } }));
    await expect(extractorFrom(path)).rejects.toThrow("expected the tensors of a FeatureNetwork, got a …");
    const weights = { channels: 1, classes: 10, rng: new Rng(1) };
    using network = new FeatureNetwork(weights);
    const state = new Map([...(await readState(network))].filter(([name]) => name !== "head.bias"));
    await writeFile(path, writeSafetensors(state, { metadata: { data: "mnist", accuracy: "1" } }));
    await expect(extractorFrom(path)).rejects.toThrow("expected the tensors of the model, got others");
  } finally {
    await rm(folder, { recursive: true });
  }
});
