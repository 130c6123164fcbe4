import { cpu } from "@dl/backend-cpu";
import { type Device, hostTensor, openDevice, Rng, tensor, valueAndGrad } from "@dl/core";
import { crossEntropy, Sgd, training } from "@dl/nn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BlockCellNetwork,
  EdgeCellSupernet,
  edgeCell,
  MobileNetwork,
  mlpNetwork,
  mlpSpace,
  mobileSpace,
  nasnetSpace,
  networkCost,
  policyGradient,
  sample,
  singlePathStep,
  trainingSpace,
  transformerSpace,
  weightSharing,
} from "../index.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu());
});
afterAll(async () => {
  expect(device.memory().buffers).toBe(0);
  await device[Symbol.asyncDispose]();
});

const images = new Rng(3).normal([2, 8, 8, 1]);
const labels = hostTensor(Int32Array.of(0, 2), [2]);
const common = { inputs: 1, classes: 3 };

describe("every value of a space is a network that learns", () => {
  const seeds = [1, 2, 3];
  const networks = [
    [
      "NASNet",
      (rng: Rng) =>
        new BlockCellNetwork({
          cells: sample(nasnetSpace({ blocks: 3 }), rng).value,
          ...common,
          channels: 2,
          stages: 2,
          cellsPerStage: 2,
          rng,
        }),
    ],
    [
      "MobileNet",
      (rng: Rng) => new MobileNetwork({ ...sample(mobileSpace({ stages: 2, depth: [1, 2] }), rng).value, ...common, channels: 4, rng }),
    ],
  ] as const;
  test.each(networks)("%s", async (_, make) => {
    for (const seed of seeds) {
      using network = make(new Rng(seed));
      const { shape, slopes } = await device.compute(() => {
        const mode = training(new Rng(1));
        const { grads } = valueAndGrad(() => crossEntropy(network.forward(tensor(images), mode), tensor(labels)), network.parameters());
        const largest = [...grads.values()].map((slope) => slope.abs().max());
        return { shape: network.forward(tensor(images), mode), slopes: largest };
      });
      expect(shape.shape).toEqual([2, 3]);
      expect(slopes.every(Number.isFinite)).toBe(true);
      expect(slopes.filter((slope) => slope > 0).length).toBeGreaterThan(slopes.length / 2);
    }
  });

  test("an MLP has the widths of its value", async () => {
    const value = sample(mlpSpace(), new Rng(5)).value;
    using network = mlpNetwork(value, { inputs: 3, outputs: 2, rng: new Rng(1) });
    const widths = [3, ...value.widths, 2];
    expect(network.parameterCount).toBe(widths.slice(1).reduce((sum, width, i) => sum + (widths[i]! + 1) * width, 0));
  });

  test("a transformer's heads divide its size, and training settings fit their optimizer", () => {
    for (let seed = 0; seed < 50; seed++) {
      const { heads, size, hidden } = sample(transformerSpace(), new Rng(seed)).value;
      expect(size % heads).toBe(0);
      expect(hidden % size).toBe(0);
      const { optimizer } = sample(trainingSpace(), new Rng(seed)).value;
      expect("momentum" in optimizer.value).toBe(optimizer.kind === "sgd");
    }
  });
});

test("what a network costs: parameters and FLOPs by hand, latency and memory measured", async () => {
  using network = mlpNetwork({ widths: [4], activation: "relu", dropout: 0 }, { inputs: 3, outputs: 2, rng: new Rng(1) });
  await using own = await openDevice(cpu());
  const cost = await networkCost(network, { device: own, inputShape: [5, 3], repeats: 3 });
  expect(cost).toMatchObject({ parameters: 3 * 4 + 4 + 4 * 2 + 2, flops: 5 * 2 * (3 * 4 + 4 * 2) });
  expect(cost.latency).toBeGreaterThan(0);
  expect(cost.memory).toBeGreaterThan(4 * cost.parameters);
  await expect(networkCost(network, { device: own, inputShape: [5, 3], repeats: 0 })).rejects.toThrow("at least one repeat");
});

describe("shared weights", () => {
  const operations = ["skip", "conv1x1", "conv3x3"] as const;
  const space = edgeCell({ nodes: 3, operations });
  const makeSupernet = () =>
    new EdgeCellSupernet({ nodes: 3, operations, ...common, channels: 2, stages: 1, cellsPerStage: 1, rng: new Rng(1) });

  test("a step with one cell leaves the weights of the others as they are", async () => {
    using supernet = makeSupernet();
    using optimizer = new Sgd(supernet.weights(), { learningRate: 0.1, weightDecay: 0.1 });
    const cell = sample(space, new Rng(4)).value;
    const used = new Set(supernet.weightsOf(cell));
    expect(used.size).toBeLessThan(supernet.weights().length);
    const read = () => Promise.all(supernet.parameters().map(async (parameter) => [...(await parameter.read()).data]));
    const before = await read();
    await device.compute(() => {
      const loss = () => crossEntropy(supernet.forward(tensor(images), training(new Rng(1)), { cell }), tensor(labels));
      return singlePathStep(supernet, cell, { loss, optimizer });
    });
    const after = await read();
    supernet.parameters().forEach((parameter, i) => {
      if (!used.has(parameter)) expect(after[i]).toEqual(before[i]);
    });
    expect(
      supernet.parameters().filter((parameter, i) => used.has(parameter) && String(after[i]) !== String(before[i])).length,
    ).toBeGreaterThan(3);
  });

  test("ENAS: the controller comes to propose what scores", async () => {
    using strategy = policyGradient(space, { device, size: 16, learningRate: 0.03, rng: new Rng(2) });
    let trained = 0;
    const best: number[] = [];
    const trials = await weightSharing({
      ...{ strategy, rounds: 60 },
      train: () => void trained++,
      score: ({ edges }) => edges.filter(({ operation }) => operation === "conv3x3").length,
      onRound: (_, score) => void best.push(score),
    });
    const mean = (part: typeof trials) => part.reduce((sum, { scores }) => sum + scores![0]!, 0) / part.length;
    expect([trained, trials.length, best.length]).toEqual([240, 240, 60]);
    expect(mean(trials.slice(-40))).toBeGreaterThan(mean(trials.slice(0, 40)) + 0.7);
  });
});
