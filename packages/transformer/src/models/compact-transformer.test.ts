import { cpu } from "@dl/backend-cpu";
import { argmax, hostTensor, OptionError, openDevice, Rng, ShapeError, tensor, valueAndGrad } from "@dl/core";
import { Adam, crossEntropy, inference, training } from "@dl/nn";
import { expect, test } from "vitest";
import { CompactTransformer, cct2, cct4, cct6, cct7 } from "./compact-transformer.ts";

const rng = new Rng(3);
const small = { ...cct2, imageSize: 16, classes: 3, stem: [4], size: 8, hidden: 8 };

// Table 10 and section 4 of the paper, in millions, for CIFAR-10.
test.each([
  ["CCT-2/3×2", cct2, 0.28],
  ["CCT-4/3×2", cct4, 0.48],
  ["CCT-6/3×2", cct6, 3.33],
  ["CCT-7/3×1", cct7, 3.76],
])("%s has the paper's number of parameters", (_, preset, millions) => {
  using model = new CompactTransformer({ ...preset, imageSize: 32, classes: 10, rng });
  const count = model.parameters().reduce((sum, { size }) => sum + size, 0);
  expect(count / 1e6).toBeCloseTo(millions, 2);
});

test("the whole is a mean of the patches, weighed by what they say of their importance", async () => {
  await using device = await openDevice(cpu());
  using model = new CompactTransformer({ ...small, rng });
  // The importance is 20 times the first component; the logits are the first three.
  model.importance.weight.load(hostTensor(Float32Array.of(20, 0, 0, 0, 0, 0, 0, 0), [8, 1]));
  model.output.weight.load(
    hostTensor(
      Float32Array.from({ length: 24 }, (_, i) => (i % 3 === Math.floor(i / 3) ? 1 : 0)),
      [8, 3],
    ),
  );
  const images = rng.normal([2, 16, 16, 3]);
  const { patches, logits } = await device.compute(() => ({
    patches: model.hidden(tensor(images), inference),
    logits: model.forward(tensor(images), inference),
  }));
  expect(patches.shape).toEqual([2, 16, 8]);
  for (let image = 0; image < 2; image++) {
    const rows = Array.from({ length: 16 }, (_, i) => [...patches.data.subarray((image * 16 + i) * 8, (image * 16 + i + 1) * 8)]);
    const weights = rows.map(([first]) => Math.exp(20 * first!));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let label = 0; label < 3; label++) {
      const wanted = rows.reduce((sum, row, i) => sum + (weights[i]! / total) * row[label]!, 0);
      expect(logits.data[image * 3 + label]).toBeCloseTo(wanted, 4);
    }
  }
});

test("learns six images by heart, with a gradient for every weight", async () => {
  await using device = await openDevice(cpu());
  using model = new CompactTransformer({ ...small, dropout: 0.05, attentionDropout: 0.05, rng });
  using optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const images = rng.fork("images").normal([6, 16, 16, 3]);
  const labels = hostTensor(Int32Array.of(0, 1, 2, 2, 1, 0), [6]);
  const still = new Set<number>(model.parameters().keys());
  for (let step = 0; step < 60; step++) {
    const norms = await device.compute(() => {
      const mode = training(rng.fork(`step ${step}`));
      const { grads } = valueAndGrad(() => crossEntropy(model.forward(tensor(images), mode), tensor(labels)), model.parameters());
      optimizer.update(grads);
      return model.parameters().map((parameter) => grads.get(parameter)!.square().sum());
    });
    for (const [i, norm] of norms.entries()) if (norm > 0) still.delete(i);
  }
  expect([...still]).toEqual([]);
  const predictions = await device.compute(() => argmax(model.forward(tensor(images), inference), -1));
  expect([...predictions.data]).toEqual([...labels.data]);
});

test("images that cannot be halved, of another size, and heads that do not divide the size are refused", async () => {
  await using device = await openDevice(cpu());
  expect(() => new CompactTransformer({ ...small, imageSize: 18, rng })).toThrow(/an imageSize that can be halved 2 times.*got 18/);
  for (const imageSize of [0, -16]) expect(() => new CompactTransformer({ ...small, imageSize, rng })).toThrow(OptionError);
  expect(() => new CompactTransformer({ ...small, heads: 3, rng })).toThrow(OptionError);
  using model = new CompactTransformer({ ...small, rng });
  const wrong = device.compute(() => model.forward(tensor(rng.normal([1, 32, 32, 3])), inference));
  await expect(wrong).rejects.toThrow(/CompactTransformer: expected images \[B, 16, 16, 3\], got \[1, 32, 32, 3\]/);
  await expect(wrong).rejects.toThrow(ShapeError);
});
