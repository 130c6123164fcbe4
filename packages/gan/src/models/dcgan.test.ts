import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng, tensor } from "@dl/core";
import { Adam, inference, training } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { nonSaturating } from "../losses/adversarial-loss.ts";
import { backends, decode, type Encoded, expectClose, onDevice, readFixture } from "../reference-fixture.ts";
import { adversarialStep, metricsOf, Readings } from "../training/adversarial-step.ts";
import { DcganDiscriminator, DcganGenerator, dcgan32, dcganMnist, dcganMnistBalanced } from "./dcgan.ts";

test("the essay's networks: 100 → 7·7·256 → 128 → 64 → 1 in [−1, 1], and 64 → 128 → a score", async () => {
  using generator = new DcganGenerator({ ...dcganMnist.generator, rng: new Rng(1) });
  using discriminator = new DcganDiscriminator({ ...dcganMnist.discriminator, rng: new Rng(2) });
  const shapes = (module: DcganGenerator | DcganDiscriminator) =>
    [...module.namedParameters()].map(([path, { shape }]) => `${path} ${shape.join("×")}`);
  expect(shapes(generator).filter((line) => !line.includes("norm"))).toEqual([
    "project.weight 100×12544",
    "blocks.0.conv.weight 4×4×128×256",
    "blocks.1.conv.weight 4×4×64×128",
    "toImage.weight 3×3×64×1",
    "toImage.bias 1",
  ]);
  expect(shapes(discriminator)).toEqual([
    "blocks.0.conv.weight 4×4×1×64",
    "blocks.0.conv.bias 64",
    "blocks.1.conv.weight 4×4×64×128",
    "blocks.1.conv.bias 128",
    "score.weight 6272×1",
    "score.bias 1",
  ]);
  await using device = await openDevice(cpu());
  const { images, scores } = await device.compute(() => {
    const images = generator.forward(tensor(new Rng(3).normal([2, 100])), inference);
    return { images, scores: discriminator.forward(images, inference) };
  });
  expect(images.shape).toEqual([2, 28, 28, 1]);
  expect(scores.shape).toEqual([2]);
  for (const pixel of images.data) expect(Math.abs(pixel)).toBeLessThanOrEqual(1);
});

test("the balanced networks fit each other, though 28 cannot be halved three times", async () => {
  using generator = new DcganGenerator({ ...dcganMnistBalanced.generator, rng: new Rng(1) });
  using discriminator = new DcganDiscriminator({ ...dcganMnistBalanced.discriminator, rng: new Rng(2) });
  expect(generator.hidden!.linear.weight.shape).toEqual([100, 512]);
  expect(generator.project.weight.shape).toEqual([512, 7 * 7 * 128]);
  expect(discriminator.hidden!.linear.weight.shape).toEqual([3 * 3 * 256, 256]);
  expect(discriminator.score.weight.shape).toEqual([256, 1]);
  await using device = await openDevice(cpu());
  const scores = await device.compute(() =>
    discriminator.forward(generator.forward(tensor(new Rng(3).normal([2, 100])), training(new Rng(4))), training(new Rng(5))),
  );
  expect(scores.shape).toEqual([2]);
});

test("a plan has mean 0 over the batch, so that no place of the map begins with a bias", async () => {
  using generator = new DcganGenerator({ ...dcganMnistBalanced.generator, hidden: 8, rng: new Rng(1) });
  await using device = await openDevice(cpu());
  const latents = new Rng(3).normal([32, 100]);
  const plan = await device.compute(() => generator.hidden!.forward(tensor(latents), undefined, training(new Rng(4))));
  for (let unit = 0; unit < 8; unit++) {
    const values = Array.from({ length: 32 }, (_, row) => plan.data[8 * row + unit]!);
    expect(values.reduce((a, b) => a + b, 0) / 32).toBeCloseTo(0, 5);
    expect(values.reduce((a, b) => a + b * b, 0) / 32).toBeCloseTo(1, 2);
  }
});

test("the 32×32 networks fit each other", async () => {
  using generator = new DcganGenerator({ ...dcgan32.generator, startWidth: 16, widths: [8, 4, 4], rng: new Rng(1) });
  using discriminator = new DcganDiscriminator({ ...dcgan32.discriminator, widths: [4, 4, 8], rng: new Rng(2) });
  await using device = await openDevice(cpu());
  const scores = await device.compute(() =>
    discriminator.forward(generator.forward(tensor(new Rng(3).normal([3, 100])), training(new Rng(4))), training(new Rng(5))),
  );
  expect(scores.shape).toEqual([3]);
});

interface StepsFixture {
  readonly start: Readonly<Record<string, Encoded>>;
  readonly steps: readonly {
    readonly real: Encoded;
    readonly latents: Encoded;
    readonly discriminatorLoss: number;
    readonly generatorLoss: number;
  }[];
  readonly end: Readonly<Record<string, Encoded>>;
}

/** PyTorch's name and layout for one of our parameters. */
function torchPlace(path: string): { name: string; permutation: readonly number[] | undefined } {
  const name = path.replace(/blocks\.(\d)\.(conv|norm)/, "$2s.$1");
  if (!path.endsWith("weight") || path.includes("norm")) return { name, permutation: undefined };
  if (/project|score/.test(path)) return { name, permutation: [1, 0] };
  // Convolutions [out, in, kh, kw] → [kh, kw, in, out], and transposed ones [in, out, kh, kw] → [kh, kw, out, in]: the same turn.
  return { name, permutation: [2, 3, 1, 0] };
}

describe.each(backends)("on $name", ({ open, digits }) => {
  test("three steps of both players lead to PyTorch's losses and weights", async () => {
    const { start, steps, end } = readFixture<StepsFixture>("dcgan-steps.json");
    await onDevice(open(), async (device) => {
      using generator = new DcganGenerator({ latent: 6, startSize: 3, startWidth: 8, widths: [5, 4], channels: 1, rng: new Rng(1) });
      using discriminator = new DcganDiscriminator({ imageSize: 12, channels: 1, widths: [4, 6], rng: new Rng(1) });
      using readings = new Readings();
      const named = [
        ...[...generator.namedParameters()].map(([path, parameter]) => ({ player: "generator", path, parameter })),
        ...[...discriminator.namedParameters()].map(([path, parameter]) => ({ player: "discriminator", path, parameter })),
      ];
      expect(named.length).toBe(Object.keys(start).length);
      const stored = (values: Readonly<Record<string, Encoded>>, { player, path }: { player: string; path: string }) => {
        const { name, permutation } = torchPlace(path);
        const encoded = values[`${player}.${name}`]!;
        return device.compute(() => (permutation ? tensor(decode(encoded)).transpose(permutation) : tensor(decode(encoded))));
      };
      for (const one of named) one.parameter.load(await stored(start, one));
      using generatorOptimizer = new Adam(generator.parameters(), { learningRate: 2e-3, beta1: 0.5 });
      using discriminatorOptimizer = new Adam(discriminator.parameters(), { learningRate: 1e-3, beta1: 0.5 });
      for (const [step, { real, latents, discriminatorLoss, generatorLoss }] of steps.entries()) {
        const mode = training(new Rng(9));
        const values = await device.compute(() =>
          adversarialStep(
            {
              real: tensor(decode(real)),
              generate: () => generator.forward(tensor(decode(latents)), mode),
              discriminate: (images) => discriminator.forward(images, mode),
              optimizers: { generator: generatorOptimizer, discriminator: discriminatorOptimizer },
              loss: nonSaturating(),
              movesGenerator: true,
              mode: mode as never,
              step,
            },
            readings,
          ),
        );
        const metrics = metricsOf(values.data);
        expectClose(metrics.discriminatorLoss!, discriminatorLoss, { digits, label: `discriminator, step ${step}` });
        expectClose(metrics.generatorLoss!, generatorLoss, { digits, label: `generator, step ${step}` });
      }
      for (const one of named) {
        const { shape, data } = await stored(end, one);
        expectClose(await one.parameter.read(), { shape, data: Array.from(data) }, { digits, label: `${one.player} ${one.path}` });
      }
    });
  });
});

test("images and latents of other sizes are named, with what to do", async () => {
  const rng = new Rng(1);
  expect(() => new DcganDiscriminator({ imageSize: 3, channels: 1, rng })).toThrow(
    "DcganDiscriminator: expected an imageSize that 2 layers can halve, at least 4, got 3. Resize the images, or take fewer widths.",
  );
  using discriminator = new DcganDiscriminator({ imageSize: 8, channels: 1, widths: [2], rng });
  using generator = new DcganGenerator({ latent: 3, startSize: 2, startWidth: 2, widths: [2], channels: 1, rng });
  await using device = await openDevice(cpu());
  const judge = () => device.compute(() => discriminator.forward(tensor(hostTensor(new Float32Array(300), [1, 10, 10, 3])), inference));
  await expect(judge()).rejects.toThrow("DcganDiscriminator: expected images [B, 8, 8, 1], got [1, 10, 10, 3].");
  await expect(device.compute(() => generator.forward(tensor([[1, 2]]), inference))).rejects.toThrow(
    "DcganGenerator: expected latents [B, 3], got [1, 2].",
  );
});
