import { cpu } from "@dl/backend-cpu";
import { type Device, hostTensor, openDevice, Rng, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { Adam, crossEntropy, inference, Module, Parameter, Sgd, training } from "@dl/nn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dartsStep, type EdgeCell, EdgeCellNetwork, EdgeCellSupernet, edgeCell, sample } from "../index.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu());
});
afterAll(async () => {
  expect(device.memory().buffers).toBe(0);
  await device[Symbol.asyncDispose]();
});

const operations = ["none", "skip", "conv1x1", "avgPool3x3"] as const;
const space = edgeCell({ nodes: 4, operations });
const size = { inputs: 2, classes: 3, channels: 4, stages: 2, cellsPerStage: 1 };
const images = new Rng(3).normal([5, 8, 8, 2]);
const cellOf = (names: readonly (typeof operations)[number][]): EdgeCell<(typeof operations)[number]> => ({
  nodes: 4,
  edges: sample(space, new Rng(1)).value.edges.map(({ from, to }, i) => ({ from, to, operation: names[i]! })),
});
const closest = (a: ArrayLike<number>, b: ArrayLike<number>): number => Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)));

describe("networks of edge cells", () => {
  test("every cell of the space runs, and images become logits", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { value: cell } = sample(space, new Rng(seed));
      using network = new EdgeCellNetwork({ cell, ...size, rng: new Rng(seed) });
      const logits = await device.compute(() => network.forward(tensor(images), inference));
      expect(logits.shape).toEqual([5, 3]);
      expect(Array.from(logits.data).every(Number.isFinite)).toBe(true);
    }
  });

  test("parameters by hand: a stem, a 1×1 convolution in each cell, a reduction, a head", () => {
    using network = new EdgeCellNetwork({ cell: cellOf(["conv1x1", "skip", "none", "none", "none", "skip"]), ...size, rng: new Rng(1) });
    const norm = (channels: number): number => 2 * channels;
    const stem = 9 * 2 * 4 + norm(4);
    const cells = 4 * 4 + norm(4) + (8 * 8 + norm(8));
    const reduction = 9 * 4 * 8 + norm(8) + 9 * 8 * 8 + norm(8) + 4 * 8;
    expect(network.parameterCount).toBe(stem + cells + reduction + norm(8) + (8 * 3 + 3));
  });

  test("cells with one key compute the same", async () => {
    const twins = [
      cellOf(["skip", "none", "conv1x1", "none", "none", "skip"]),
      cellOf(["skip", "none", "conv1x1", "avgPool3x3", "none", "skip"]),
    ];
    expect(space.canonical(twins[0]!)).not.toBe(space.canonical(twins[1]!));
    const equal = [
      cellOf(["none", "skip", "none", "avgPool3x3", "none", "skip"]),
      cellOf(["conv1x1", "skip", "none", "avgPool3x3", "none", "skip"]),
    ];
    // The second has a convolution whose result nobody takes.
    expect(space.canonical(equal[0]!)).toBe(space.canonical(equal[1]!));
    const logits = await Promise.all(
      equal.map(async (cell) => {
        using network = new EdgeCellNetwork({ cell, ...size, rng: new Rng(5) });
        return (await device.compute(() => network.forward(tensor(images), inference))).data;
      }),
    );
    expect(closest(logits[0]!, logits[1]!)).toBe(0);
  });
});

describe("the supernet", () => {
  test("with all weight on one operation of each edge is that cell's network", async () => {
    using supernet = new EdgeCellSupernet({ nodes: 4, operations, ...size, rng: new Rng(2) });
    const cell = cellOf(["conv1x1", "skip", "avgPool3x3", "skip", "conv1x1", "skip"]);
    const weights = cell.edges.flatMap(({ operation }) => operations.map((name) => (name === operation ? 100 : 0)));
    supernet.architecture.load(hostTensor(Float32Array.from(weights), [6, 4]));
    const mode = training(new Rng(0));
    const one = await device.compute(() => supernet.forward(tensor(images), mode, { cell }));
    const mixture = await device.compute(() => supernet.forward(tensor(images), mode));
    expect(closest(one.data, mixture.data)).toBeLessThan(1e-4);
    expect(await supernet.strongest()).toEqual(cell);
  });
});

/** Loss (w·a − 1)² in training, (w − a)² in validation: small enough to differentiate by hand. */
class Toy extends Module {
  readonly architecture = new Parameter(hostTensor(Float32Array.of(0.5), []));
  readonly weight = new Parameter(hostTensor(Float32Array.of(2), []));
  weights(): Parameter[] {
    return [this.weight];
  }
  forward(): Tensor {
    return this.weight.value.mul(this.architecture.value);
  }
}

describe("DARTS", () => {
  const gradientAfter = async (unrolledRate: number): Promise<number> => {
    using toy = new Toy();
    // Steps of length 1 make the gradient the change.
    using architectureOptimizer = new Sgd([toy.architecture], { learningRate: 1 });
    using weightOptimizer = new Sgd([toy.weight], { learningRate: 0 });
    await device.compute(() => {
      dartsStep(toy, {
        trainingLoss: () => toy.forward().sub(0.25).square().sum(),
        validationLoss: () => toy.weight.value.sub(toy.architecture.value).square().sum(),
        ...{ weightOptimizer, architectureOptimizer, unrolledRate },
      });
    });
    expect((await toy.weight.read()).data[0]).toBe(2);
    return 0.5 - (await toy.architecture.read()).data[0]!;
  };

  test("first order, by hand: ∂(w − a)²/∂a = −2(w − a)", async () => {
    expect(await gradientAfter(0)).toBeCloseTo(-3, 5);
  });

  test("second order, by hand: the weight moves with the architecture", async () => {
    // w′ = w − ξ·2a(wa − ¼), so the total derivative of (w′ − a)² by a is 2(w′ − a)·(−ξ·(4wa − ½) − 1).
    const [w, a, rate] = [2, 0.5, 0.1];
    const moved = w - rate * 2 * a * (w * a - 0.25);
    expect(await gradientAfter(rate)).toBeCloseTo(2 * (moved - a) * (-rate * (4 * w * a - 0.5) - 1), 3);
  });

  test("finds the operation that helps: on images told apart by single pixels, not blurred ones", async () => {
    // Checkers of one colour or the other around the same mean: pooling sees nothing.
    const rng = new Rng(7);
    const make = (count: number) => {
      const labels = rng.integers([count], 0, 2);
      const data = Float32Array.from({ length: count * 64 }, (_, i) => {
        const [image, y, x] = [Math.floor(i / 64), Math.floor(i / 8) % 8, i % 8];
        const sign = labels.data[image] === 0 ? 1 : -1;
        return ((x + y) % 2 === 0 ? 1 : -1) * sign * ((x % 4) + 1) * 0.5 + 0.3 * rng.float(-1, 1);
      });
      return { images: hostTensor(data, [count, 8, 8, 1]), labels };
    };
    const names = ["avgPool3x3", "conv3x3"] as const;
    using supernet = new EdgeCellSupernet({
      nodes: 2,
      operations: names,
      inputs: 1,
      classes: 2,
      channels: 4,
      stages: 1,
      cellsPerStage: 1,
      rng,
    });
    using weightOptimizer = new Sgd(supernet.weights(), { learningRate: 0.05, momentum: 0.9 });
    using architectureOptimizer = new Adam([supernet.architecture], { learningRate: 0.05 });
    const mode = training(rng.fork("mode"));
    for (let step = 0; step < 40; step++) {
      const [train, held] = [make(16), make(16)];
      await device.compute(() => {
        const loss = (batch: ReturnType<typeof make>) => () =>
          crossEntropy(supernet.forward(tensor(batch.images), mode), tensor(batch.labels));
        dartsStep(supernet, { trainingLoss: loss(train), validationLoss: loss(held), weightOptimizer, architectureOptimizer });
      });
    }
    expect((await supernet.strongest()).edges[0]!.operation).toBe("conv3x3");
  });

  test("the architecture takes part in the gradient of the mixture, its weights too", async () => {
    using supernet = new EdgeCellSupernet({ nodes: 3, operations, ...size, rng: new Rng(2) });
    const labels = hostTensor(Int32Array.of(0, 1, 2, 0, 1), [5]);
    const gradients = await device.compute(() => {
      const loss = () => crossEntropy(supernet.forward(tensor(images), training(new Rng(1))), tensor(labels));
      return [...valueAndGrad(loss, supernet.parameters()).grads.values()].map((slope) => slope.abs().sum());
    });
    expect(gradients.every((slope) => slope > 0)).toBe(true);
  });
});
