import { readFileSync } from "node:fs";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type HostTensor, hostTensor, openDevice, Rng, tensor } from "@dl/core";
import { readTensors } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { expectClose, onDevice } from "../reference-fixture.ts";
import { extractFeatures } from "./feature-extractor.ts";
import { inceptionExtractor } from "./inception-extractor.ts";
import { InceptionV3, inceptionFid, inceptionImagenet } from "./inception-v3.ts";

const read = (name: string): Map<string, HostTensor> =>
  readTensors(readFileSync(new URL(`../../fixtures/inception/${name}.safetensors`, import.meta.url)));
const [weights, expected] = [read("model"), read("expected")];
const images = expected.get("images")!;
const variants = ["fid", "torchvision"] as const;

test("the whole network has as many parameters as torchvision's without its auxiliary head, and eight classes more for FID", () => {
  using imagenet = new InceptionV3(inceptionImagenet);
  // torchvision 0.28: Inception3(aux_logits=False).
  expect(imagenet.parameterCount).toBe(23_834_568);
  expect(imagenet.head.weight.shape).toEqual([2048, 1000]);
  expect(imagenet.parameterCount - imagenet.head.weight.size - imagenet.head.bias!.size).toBe(21_785_568);
  using fid = new InceptionV3(inceptionFid);
  expect(fid.head.weight.shape).toEqual([2048, 1008]);
});

describe.each(variants)("%s", (variant) => {
  // The reference is float64 rounded to float32.
  const backends = [
    { name: "cpu float64", open: () => cpu({ precision: "float64" }), digits: 1e-6 },
    { name: "wasm", open: () => wasm({ threads: 1 }), digits: 1e-5 },
  ];
  test.each(backends)("features and logits on $name are PyTorch's", async ({ open, digits }) => {
    await onDevice(open(), async (device) => {
      using extractor = inceptionExtractor({ tensors: weights, weights: "w", variant });
      expect([extractor.size, extractor.classes]).toEqual([128, 12]);
      const { features, logits, scored } = await device.compute(() => {
        const seen = extractor.perceive(tensor(images));
        return { features: seen.features, logits: extractor.network.head.forward(seen.features), scored: seen.logits };
      });
      const [wantedFeatures, wantedLogits] = ["features", "logits"].map((what) => expected.get(`${variant}.${what}`)!);
      expectClose(features as HostTensor, asEncoded(wantedFeatures!), { digits, label: "features" });
      expectClose(logits as HostTensor, asEncoded(wantedLogits!), { digits, label: "logits" });
      // The published Inception Score has no bias in it.
      const bias = weights.get("fc.bias")!.data;
      const unbiased = Float32Array.from(wantedLogits!.data, (value, i) => value - (variant === "fid" ? bias[i % 12]! : 0));
      expectClose(scored as HostTensor, asEncoded(hostTensor(unbiased, wantedLogits!.shape)), { digits, label: "logits of the score" });
    });
  });
});

test("the two forms tell apart what they see: by far more than what they are held to", async () => {
  const [a, b] = variants.map((variant) => expected.get(`${variant}.features`)!.data);
  expect(Math.max(...a!.map((value, i) => Math.abs(value - b![i]!)))).toBeGreaterThan(0.05);
});

test("grey images are seen as the same in red, green and blue; images of any size are; part by part gives the same", async () => {
  await using device = await openDevice(wasm({ threads: 1 }));
  using extractor = inceptionExtractor({ tensors: weights, weights: "w", variant: "fid" });
  const grey = new Rng(3).uniform([3, 9, 320, 1]);
  const color = hostTensor(
    Float32Array.from({ length: 3 * grey.data.length }, (_, i) => grey.data[Math.floor(i / 3)]!),
    [3, 9, 320, 3],
  );
  const [one, three, parts] = [
    await extractFeatures(grey, { device, extractor }),
    await extractFeatures(color, { device, extractor }),
    await extractFeatures(color, { device, extractor, batchSize: 2 }),
  ];
  expect(one).toEqual(three);
  expect(parts).toEqual(three);
  await expect(extractFeatures(new Rng(1).uniform([2, 8, 8, 4]), { device, extractor })).rejects.toThrow(
    "inceptionExtractor: expected images [B, H, W, 1] or [B, H, W, 3], got [2, 8, 8, 4].",
  );
  await expect(device.compute(() => extractor.network.forward(tensor(new Rng(1).uniform([1, 32, 32, 3]))))).rejects.toThrow(
    "InceptionV3: expected images [B, H, W, 3] of at least 75×75, got [1, 32, 32, 3].",
  );
});

test("the name says which form, how much of it, and which weights; 1,008 classes are FID's form", () => {
  const named = (classes: number): string => {
    const head = { "fc.weight": new Rng(1).normal([classes, 128]), "fc.bias": new Rng(1).normal([classes]) };
    using extractor = inceptionExtractor({ tensors: new Map([...weights, ...Object.entries(head)]), weights: "a file" });
    return extractor.name;
  };
  expect(named(1008)).toBe("Inception-v3 of FID with 0.0625 of the channels, weights a file");
  expect(named(1000)).toBe("torchvision's Inception-v3 with 0.0625 of the channels, weights a file");
});

test("missing, unknown and mis-shaped tensors are named", () => {
  const changed = (entries: readonly (readonly [string, HostTensor | undefined])[]) => {
    const tensors = new Map(weights);
    for (const [name, value] of entries) {
      if (value === undefined) tensors.delete(name);
      else tensors.set(name, value);
    }
    return () => inceptionExtractor({ tensors, weights: "a file" });
  };
  expect(changed([["Mixed_6b.branch7x7_2.bn.running_mean", undefined]])).toThrow(
    "a file: expected the tensors of Inception-v3 by PyTorch's names, got others: missing: Mixed_6b.branch7x7_2.bn.running_mean.",
  );
  expect(changed([["Mixed_6b.more", hostTensor(new Float32Array(1), [1])]])).toThrow("got others: unknown: Mixed_6b.more.");
  expect(changed([["Mixed_7c.branch_pool.conv.weight", hostTensor(new Float32Array(4), [2, 2, 1, 1])]])).toThrow(
    "of another shape: Mixed_7c.branch_pool.conv.weight (expected [12, 128, 1, 1], got [2, 2, 1, 1])",
  );
  expect(changed([["fc.weight", undefined]])).toThrow("expected the tensors of Inception-v3 by PyTorch's names");
  expect(() => inceptionExtractor({ tensors: new Map([["a", images]]), weights: "a file" })).toThrow("got a …");
  expect(() => new InceptionV3({ ...inceptionFid, width: 2 })).toThrow("expected a share of the channels in (0, 1]");
});

function asEncoded({ shape, data }: HostTensor) {
  return { shape, data: Array.from(data) };
}
