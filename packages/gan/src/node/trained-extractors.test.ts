import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasm } from "@dl/backend-wasm";
import { hostTensor, openDevice, Rng } from "@dl/core";
import { writeSafetensors } from "@dl/nn";
import { expect, test } from "vitest";
import { extractFeatures } from "../scores/feature-extractor.ts";
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

test("other safetensors files are refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dl-gan-"));
  try {
    const path = join(folder, "x.safetensors");
    await writeFile(path, writeSafetensors(new Map([["a", new Rng(1).normal([2])]])));
    await expect(extractorFrom(path)).rejects.toThrow("expected the weights of an extractor, with its data and accuracy in the metadata");
    await writeFile(path, writeSafetensors(new Map([["a", new Rng(1).normal([2])]]), { metadata: { data: "mnist", accuracy: "1" } }));
    await expect(extractorFrom(path)).rejects.toThrow("expected the tensors of the model, got others");
  } finally {
    await rm(folder, { recursive: true });
  }
});
