import { LeNet, lenetMnist } from "@dl/cnn";
import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import { onDevice } from "../compress-fixture.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { magnitudeMasks } from "../pruning/magnitude.ts";
import { PruningMasks } from "../pruning/masks.ts";
import { quantiseWeights } from "../quantisation/quantised-model.ts";
import { compareMeasures, formatCompression, renderCompression } from "./compression-report.ts";
import { type ModelMeasure, measureModel } from "./measure-model.ts";

test("LeNet by hand: parameters, zeros and operations", async () => {
  await onDevice(async (device) => {
    using model = new LeNet({ ...lenetMnist, rng: new Rng(1) }) as TracedModel & LeNet;
    const options = { device, inputShape: [28, 28, 1], repeats: 2 };
    const before = await measureModel(model, { ...options, evaluate: async () => ({ accuracy: 0.99 }) });
    expect(before.parameters).toBe(61_706);
    expect(before.nonZeros).toBe(61_706);
    const convolutions = 2 * (28 * 28 * 6 * 25 + 10 * 10 * 16 * 150);
    const dense = 2 * (400 * 120 + 120 * 84 + 84 * 10);
    expect(before.flops).toBe(convolutions + dense);
    expect(before.latency).toBeGreaterThan(0);
    expect(before.layers.map(({ path }) => path)).toEqual(["conv1", "conv2", "fc1", "fc2", "fc3"]);
    await new PruningMasks(model, await magnitudeMasks(model, { sparsity: 0.9 })).makePermanent(device);
    const after = await measureModel(model, options);
    // 61,470 weights, of which a tenth stays, and 236 biases.
    expect(after.nonZeros).toBe(6147 + 236);
    expect(before.bytes / after.bytes).toBeGreaterThan(6.5);
    const rounded = await measureModel(await quantiseWeights(model), options);
    expect(rounded.parameters).toBe(61_706);
    expect(rounded.layers).toHaveLength(5);
    await expect(measureModel(model, { ...options, repeats: 0 })).rejects.toThrow("expected a whole repeats ≥ 1, got 0");
  }, "fast");
});

const measure = (some: Partial<ModelMeasure>): ModelMeasure => ({
  ...{ bytes: 250_000, parameters: 61_706, nonZeros: 61_706, flops: 1000, latency: 2, metrics: { accuracy: 0.991, loss: 0.03 } },
  layers: [{ path: "fc<1>", kind: "Linear", parameters: 61_706, nonZeros: 61_706, flops: 1000 }],
  ...some,
});
const report = {
  title: "LeNet <on> MNIST",
  before: measure({}),
  after: measure({ bytes: 62_500, nonZeros: 6170, latency: 4, metrics: { accuracy: 0.9898, loss: 0.03 } }),
};

test("what changed is said in words", () => {
  expect(Object.fromEntries(compareMeasures(report).map(({ name, change }) => [name, change]))).toEqual({
    ...{ file: "4.00× smaller", parameters: "", "not zero": "10.0× fewer", "FLOPs an input": "", latency: "2.00× slower" },
    ...{ accuracy: "−0.12 points", loss: "" },
  });
  expect(formatCompression(report).split("\n").slice(0, 4)).toEqual([
    "LeNet <on> MNIST",
    "                  before    after",
    "file            250.0 kB  62.5 kB  4.00× smaller",
    "parameters        61,706   61,706",
  ]);
});

test("the page is escaped, whole, and of its kind", () => {
  const page = renderCompression(report);
  expect(page).toContain("Compression report");
  expect(page).toContain("LeNet &lt;on&gt; MNIST");
  expect(page).toContain("fc&lt;1&gt;");
  expect(page).not.toContain("<on>");
  expect(page).toContain("−0.12 points");
});
