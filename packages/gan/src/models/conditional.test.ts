import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng, tensor, valueAndGrad } from "@dl/core";
import { checkGradients } from "@dl/core/testing";
import { BatchNorm, crossEntropy, inference, training } from "@dl/nn";
import { expect, test } from "vitest";
import { ConditionalBatchNorm } from "../layers/conditional-batch-norm.ts";
import { AuxiliaryDiscriminator, ConditionalDiscriminator, ConditionalGenerator } from "./conditional-dcgan.ts";
import { SnganDiscriminator, SnganGenerator, sngan28, sngan32 } from "./sngan-resnet.ts";

const labels = () => tensor(hostTensor(Int32Array.of(2, 0), [2]));
const train = training(new Rng(9));

test("conditional batch norm begins as batch norm; then each class has a scale and a shift of its own", async () => {
  await using device = await openDevice(cpu({ precision: "float64" }));
  using layer = new ConditionalBatchNorm({ channels: 2, classes: 3, rng: new Rng(1) });
  using plain = new BatchNorm({ channels: 2 });
  const x = new Rng(2).normal([2, 2, 2, 2]);
  const [a, b] = await device.compute(() => [layer.forward(tensor(x), labels(), train), plain.forward(tensor(x), train)] as const);
  expect(a.data).toEqual(b.data);
  layer.scales.weight.load(hostTensor(Float32Array.of(0, 0, 0, 0, 1, 2), [3, 2]));
  layer.shifts.weight.load(hostTensor(Float32Array.of(5, 6, 0, 0, 0, 0), [3, 2]));
  const c = await device.compute(() => layer.forward(tensor(x), labels(), train));
  for (let i = 0; i < 16; i++) {
    // The first image is of class 2, scaled by 1 + 1 and 1 + 2; the second of class 0, shifted by 5 and 6.
    const expected = i < 8 ? b.data[i]! * (2 + (i % 2)) : b.data[i]! + 5 + (i % 2);
    expect(c.data[i]).toBeCloseTo(expected, 10);
  }
  await checkGradients(device, (x) => layer.forward(x!, labels(), train), { inputs: [x], cells: layer.parameters(), tolerance: 1e-5 });
  const wrong = () => device.compute(() => layer.forward(tensor(x), tensor(hostTensor(Int32Array.of(1), [1])), train));
  await expect(wrong()).rejects.toThrow(
    "ConditionalBatchNorm: expected x [B, H, W, C] or [B, C] and labels [B], got [2, 2, 2, 2] and [1].",
  );
});

test("label concatenation: another label makes another image, and another score", async () => {
  await using device = await openDevice(cpu());
  using generator = new ConditionalGenerator({
    classes: 3,
    latent: 4,
    startSize: 2,
    startWidth: 8,
    widths: [8, 4],
    channels: 1,
    rng: new Rng(1),
  });
  using discriminator = new ConditionalDiscriminator({ classes: 3, imageSize: 8, channels: 1, widths: [4, 8], rng: new Rng(2) });
  expect(generator.network.project.weight.shape).toEqual([7, 32]);
  expect(discriminator.network.blocks[0]!.conv.weight.shape).toEqual([4, 4, 4, 4]);
  const latent = new Rng(3).normal([1, 4]).data;
  const twice = hostTensor(Float32Array.of(...latent, ...latent), [2, 4]);
  const { images, scores } = await device.compute(() => {
    const images = generator.forward(tensor(twice), labels(), inference);
    const one = images.slice([0, 0, 0, 0], [1, 8, 8, 1]);
    const scores = [0, 1].map((label) => discriminator.forward(one, tensor(hostTensor(Int32Array.of(label), [1])), inference));
    return { images, scores };
  });
  expect(images.shape).toEqual([2, 8, 8, 1]);
  expect(images.data.slice(0, 64)).not.toEqual(images.data.slice(64));
  expect(scores[0]!.data).not.toEqual(scores[1]!.data);
  const floats = () => device.compute(() => generator.forward(tensor(twice), tensor([1, 2]), inference));
  await expect(floats()).rejects.toThrow("ConditionalGenerator: expected int32 labels [2], one an example, got float32 [2].");
  // As fitGan and SampleGrids call a network that nothing else is said of.
  const blind = () => device.compute(() => generator.forward(tensor(twice), inference as never, undefined as never));
  await expect(blind()).rejects.toThrow(
    "ConditionalGenerator: expected labels [B] as its second input, an int32 tensor, got none. Of fitGan",
  );
});

test("a label that is no class makes NaN, not an image of no class", async () => {
  await using device = await openDevice(cpu());
  using generator = new ConditionalGenerator({
    ...{ classes: 3, latent: 4, startSize: 2, startWidth: 8, widths: [4], channels: 1 },
    rng: new Rng(1),
  });
  using discriminator = new ConditionalDiscriminator({ classes: 3, imageSize: 4, channels: 1, widths: [4], rng: new Rng(2) });
  const found = await device.compute(() => {
    const beyond = tensor(hostTensor(Int32Array.of(2, 3), [2]));
    const images = generator.forward(tensor(new Rng(3).normal([2, 4])), beyond, inference);
    return { images, scores: discriminator.forward(tensor(new Rng(4).normal([2, 4, 4, 1])), beyond, inference) };
  });
  expect(Array.from(found.images.data, Number.isNaN)).toEqual(Array.from({ length: 32 }, (_, i) => i >= 16));
  expect(Array.from(found.scores.data, Number.isNaN)).toEqual([false, true]);
});

test("an auxiliary discriminator scores and classifies from the same features", async () => {
  await using device = await openDevice(cpu());
  using discriminator = new AuxiliaryDiscriminator({ classes: 3, imageSize: 8, channels: 1, widths: [4, 8], rng: new Rng(2) });
  const images = new Rng(3).uniform([2, 8, 8, 1], -1, 1);
  const out = await device.compute(() => {
    const { value, grads } = valueAndGrad(() => {
      const { scores, classes } = discriminator.forward(tensor(images), train);
      expect([scores.shape, classes.shape]).toEqual([[2], [2, 3]]);
      return crossEntropy(classes, labels());
    }, discriminator.parameters());
    return { loss: value, score: grads.get(discriminator.network.score.weight)!, classify: grads.get(discriminator.classify.weight)! };
  });
  expect(out.loss).toBeGreaterThan(0);
  expect(out.score.data.every((value) => value === 0)).toBe(true);
  expect(out.classify.data.some((value) => value !== 0)).toBe(true);
});

test("SNGAN's networks fit each other, and the projection is the inner product with the class's direction", async () => {
  await using device = await openDevice(cpu());
  using generator = new SnganGenerator({ latent: 4, startSize: 2, widths: [8, 6], channels: 3, classes: 3, rng: new Rng(1) });
  using discriminator = new SnganDiscriminator({ imageSize: 8, channels: 3, widths: [4, 6, 6], classes: 3, rng: new Rng(2) });
  const { images, scores, plain } = await device.compute(() => {
    const images = generator.forward(tensor(new Rng(3).normal([2, 4])), labels(), train);
    const scores = discriminator.forward(images, labels(), inference);
    const other = discriminator.forward(images, tensor(hostTensor(Int32Array.of(0, 0), [2])), inference);
    return { images, scores, plain: other };
  });
  expect(images.shape).toEqual([2, 8, 8, 3]);
  expect(scores.shape).toEqual([2]);
  expect(scores.data[1]).toBe(plain.data[1]);
  expect(scores.data[0]).not.toBe(plain.data[0]);
  // The directions are normalised, too: ten times as long, they say the same.
  const { weight } = discriminator.directions!.layer;
  const before = await weight.read();
  weight.load(hostTensor(before.data.map((value) => 10 * value) as Float32Array, before.shape));
  const longer = await device.compute(() => discriminator.forward(tensor(images), labels(), inference));
  for (const [i, value] of scores.data.entries()) expect(longer.data[i]).toBeCloseTo(value, 4);
  // With the same direction for all classes, the label counts for nothing.
  weight.load(hostTensor(new Float32Array(18).fill(0.5), [3, 6]));
  const [a, b] = await device.compute(() => {
    const x = tensor(images);
    return [
      discriminator.forward(x, labels(), inference),
      discriminator.forward(x, tensor(hostTensor(Int32Array.of(1, 1), [2])), inference),
    ] as const;
  });
  expect(a.data).toEqual(b.data);
});

test("the presets have the paper's number of weights, and the small one's images are 28×28", async () => {
  // Counted from table 3 by hand: dense 128·4096 + 4096, three blocks of 256, norm and toRGB; our shortcut of each block is a 1×1 convolution.
  const block = (inputs: number) => 2 * inputs + (9 * inputs * 256 + 256) + 2 * 256 + (9 * 256 * 256 + 256) + (inputs * 256 + 256);
  using generator = new SnganGenerator({ ...sngan32.generator, rng: new Rng(1) });
  expect(generator.parameterCount).toBe(128 * 4096 + 4096 + 3 * block(256) + 512 + (9 * 256 * 3 + 3));
  await using device = await openDevice(cpu());
  using small = new SnganGenerator({ ...sngan28.generator, widths: [8, 8], rng: new Rng(1) });
  using critic = new SnganDiscriminator({ ...sngan28.discriminator, widths: [4, 4, 4, 4], rng: new Rng(2) });
  const shapes = await device.compute(() => {
    const images = small.forward(tensor(new Rng(3).normal([1, 128])), undefined, inference);
    return [images, critic.forward(images, undefined, inference)] as const;
  });
  expect(shapes.map(({ shape }) => shape)).toEqual([[1, 28, 28, 1], [1]]);
});

test("vectors are normalised as images of one pixel are", async () => {
  await using device = await openDevice(cpu());
  using layer = new ConditionalBatchNorm({ channels: 3, classes: 3, rng: new Rng(1) });
  layer.scales.weight.load(hostTensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [3, 3]));
  const x = new Rng(2).normal([2, 3]);
  const [vectors, pixels] = await device.compute(
    () => [layer.forward(tensor(x), labels(), train), layer.forward(tensor(x).reshape([2, 1, 1, 3]), labels(), train)] as const,
  );
  expect(vectors.shape).toEqual([2, 3]);
  expect(vectors.data).toEqual(pixels.data);
});

test("a plan is told the class: a class's shift moves its own images before the first block", async () => {
  await using device = await openDevice(cpu());
  using generator = new SnganGenerator({ latent: 4, startSize: 2, hidden: 6, widths: [4], channels: 1, classes: 3, rng: new Rng(1) });
  const latents = new Rng(3).normal([2, 4]);
  const draw = () => device.compute(() => generator.forward(tensor(latents), labels(), inference));
  const before = await draw();
  const { norm } = generator.hidden!;
  if (!(norm instanceof ConditionalBatchNorm)) throw new Error("expected a conditional norm");
  norm.shifts.weight.load(hostTensor(new Float32Array(18).fill(2, 12), [3, 6])); // of class 2
  const after = await draw();
  expect(after.data.slice(0, 16)).not.toEqual(before.data.slice(0, 16)); // the first image is of class 2
  expect(after.data.slice(16)).toEqual(before.data.slice(16)); // the second of class 0
});

test("labels where there are no classes, and classes without labels, are named", async () => {
  await using device = await openDevice(cpu());
  using generator = new SnganGenerator({ latent: 2, startSize: 2, widths: [8], channels: 1, rng: new Rng(1) });
  using discriminator = new SnganDiscriminator({ imageSize: 4, channels: 1, widths: [4, 4], classes: 2, rng: new Rng(1) });
  await expect(device.compute(() => generator.forward(tensor([[1, 2]]), labels(), inference))).rejects.toThrow(
    "SnganGenerator: expected no labels, as it was made without classes, got some.",
  );
  const images = new Rng(1).normal([1, 4, 4, 1]);
  await expect(device.compute(() => discriminator.forward(tensor(images), undefined, inference))).rejects.toThrow(
    "SnganDiscriminator: expected labels [B], as it was made with classes, got none.",
  );
  await expect(device.compute(() => discriminator.forward(tensor(new Rng(1).normal([3, 4, 4, 1])), labels(), inference))).rejects.toThrow(
    "SnganDiscriminator: expected labels [3], one an image, got [2].",
  );
  using blind = new SnganDiscriminator({ imageSize: 4, channels: 1, widths: [4, 4], rng: new Rng(1) });
  await expect(device.compute(() => blind.forward(tensor(images), labels(), inference))).rejects.toThrow(
    "SnganDiscriminator: expected no labels, as it was made without classes, got some.",
  );
  // As fitGan calls networks that nothing else is said of.
  await expect(device.compute(() => generator.forward(tensor([[1, 2]]), inference as never, undefined as never))).rejects.toThrow(
    "SnganGenerator: expected labels [B] or undefined as its second input, and the mode as its third, got none. Of fitGan",
  );
  await expect(device.compute(() => blind.forward(tensor(images), inference as never, undefined as never))).rejects.toThrow(
    "SnganDiscriminator: expected labels [B] or undefined as its second input",
  );
  expect(() => new SnganDiscriminator({ imageSize: 30, channels: 1, widths: [4, 4, 4, 4], rng: new Rng(1) })).toThrow(
    "expected at least 2 widths and an imageSize that can be halved 2 times, got 4 and 30",
  );
});
