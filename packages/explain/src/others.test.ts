import { Cell, type HostTensor, hostTensor, mean, Rng, type Scalar, type Tensor, tensor } from "@dl/core";
import { expect, test } from "vitest";
import { activationMaximisation } from "./activation-maximisation.ts";
import { attentionRollout } from "./attention-rollout.ts";
import { drawShapes, onDevice, ShapeNet } from "./explain-fixture.ts";
import { featureMaps } from "./feature-maps.ts";
import { influence } from "./influence.ts";

test("attention rollout: rows add up to 1; layers of the identity look at themselves; order matters", async () => {
  await onDevice(async (device) => {
    const weights = hostTensor(Float64Array.from(new Rng(1).uniform([2 * 3 * 4 * 4]).data), [2, 3, 4, 4]);
    const identity = hostTensor(
      Float64Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0)),
      [1, 1, 4, 4],
    );
    const { rolled, same, plain } = (await device.compute(() => {
      const layer = tensor(weights);
      const normal = layer.div(layer.sum(-1, { keepDims: true }));
      const still = tensor(identity);
      return {
        rolled: attentionRollout([normal, normal.square(), normal]),
        same: attentionRollout([still, still]),
        plain: attentionRollout([normal], { residual: 0, heads: "max" }),
      };
    })) as Record<string, HostTensor>;
    expect(rolled!.shape).toEqual([2, 4, 4]);
    for (const { data } of [rolled!, plain!]) {
      for (let row = 0; row < 8; row++) expect([...data.slice(4 * row, 4 * row + 4)].reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    }
    expect([...same!.data]).toEqual([...identity.data]);
    await expect(device.compute(() => attentionRollout([]))).rejects.toThrow("the weights of at least one layer, got none");
    await expect(device.compute(() => attentionRollout([tensor([[1]])]))).rejects.toThrow(
      "expected weights [B, H, T, T] of one B and T, got [1, 1] in layer 0",
    );
    await expect(device.compute(() => attentionRollout([tensor(identity)], { heads: "min" as "max" }))).rejects.toThrow(
      "expected heads mean or max, got min",
    );
  });
});

test("attention rollout: a position that attends to nothing holds itself, and spoils no other", async () => {
  await onDevice(async (device) => {
    // Two layers, the first position hidden from all: @dl/core's attention gives such rows weights of 0.
    const layer = [
      [0, 0],
      [0, 1],
    ];
    const rolled = (await device.compute(() => attentionRollout([tensor([[layer]]), tensor([[layer]])]))) as HostTensor;
    expect([...rolled.data]).toEqual([1, 0, 0, 1]);
  });
});

test("feature maps: the outputs of layers by their paths", async () => {
  await onDevice(async (device) => {
    using model = new ShapeNet(new Rng(1));
    const images = drawShapes(2, new Rng(1)).images;
    const maps = (await device.compute(() =>
      featureMaps({ model, forward: () => model.forward(tensor(images)), layers: ["conv1", "head"] }),
    )) as Record<string, HostTensor>;
    expect(Object.fromEntries(Object.entries(maps).map(([path, { shape }]) => [path, shape]))).toEqual({
      conv1: [2, 16, 16, 12],
      head: [2, 4],
    });
    const all = await device.compute(() => featureMaps({ model, forward: () => model.forward(tensor(images)) }));
    expect(Object.keys(all)).toEqual(["conv1", "conv2", "conv3", "head"]);
    await expect(device.compute(() => featureMaps({ model, forward: () => 0, layers: ["conv1"] }))).rejects.toThrow(
      'expected layer "conv1" to run',
    );
  });
});

test("activation maximisation climbs to what the objective likes, within the range", async () => {
  await onDevice(async (device) => {
    const wanted = hostTensor(Float64Array.of(1, -1, 1, -1), [1, 2, 2, 1]);
    const objective = (image: Tensor): Scalar => mean(image.mul(tensor(wanted)));
    const { image, objectives } = await activationMaximisation({
      device,
      objective,
      shape: [2, 2, 1],
      rng: new Rng(1),
      steps: 100,
      jitter: 0,
      range: [-1, 1],
    });
    expect(image.shape).toEqual([2, 2, 1]);
    [...image.data].forEach((value, i) => {
      expect(value * wanted.data[i]!).toBeGreaterThan(0.9);
    });
    expect(objectives.at(-1)).toBeGreaterThan(objectives[0]!);
    const again = await activationMaximisation({
      device,
      objective,
      shape: [2, 2, 1],
      rng: new Rng(1),
      steps: 100,
      jitter: 0,
      range: [-1, 1],
    });
    expect([...again.image.data]).toEqual([...image.data]);
    const jittered = await activationMaximisation({ device, objective, shape: [2, 2, 1], rng: new Rng(1), steps: 3 });
    expect([...jittered.image.data].every(Number.isFinite)).toBe(true);
    const wrong = (options: object) => activationMaximisation({ device, objective, shape: [2, 2, 1], rng: new Rng(1), ...options });
    await expect(wrong({ stepSize: Number.NaN })).rejects.toThrow("expected a stepSize above 0, got NaN");
    await expect(wrong({ jitter: 0.5 })).rejects.toThrow("expected a whole jitter of at least 0, got 0.5");
    await expect(wrong({ decay: 5 })).rejects.toThrow("expected a decay from 0 to 1, got 5");
  });
});

test("influence by hand: examples whose gradients point the query's way help it", async () => {
  await onDevice(async (device) => {
    using weight = new Cell(hostTensor(Float32Array.of(1, 1), [2]));
    const loss = (x: readonly number[]) => () => weight.value.mul(tensor(hostTensor(Float64Array.from(x), [2]))).sum();
    const train = [
      [1, 0],
      [-2, 0],
      [0, 3],
    ];
    const options = { device, parameters: [weight], query: loss([2, 1]), count: 3, loss: (i: number) => loss(train[i]!)() };
    expect([...(await influence(options))]).toEqual([2, -4, 3]);
    const cosines = await influence({ ...options, similarity: "cosine" });
    [2 / Math.sqrt(5), -2 / Math.sqrt(5), 1 / Math.sqrt(5)].forEach((value, i) => {
      expect(cosines[i]).toBeCloseTo(value, 6);
    });
    await expect(influence({ ...options, count: Number.NaN })).rejects.toThrow("expected a whole count of at least 0, got NaN");
    await expect(influence({ ...options, parameters: [] })).rejects.toThrow("at least one parameter, got none");
  });
});
