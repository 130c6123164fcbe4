import { cpu } from "@dl/backend-cpu";
import { type Device, hostTensor, openDevice, Rng, relu, type Tensor } from "@dl/core";
import { Linear, type Mode, Module } from "@dl/nn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EdgeCellNetwork, edgeCell, gradientNorm, jacobianCovariance, naswot, ofGenotype, sample, synFlow } from "../index.ts";
import { correlationScore } from "./jacobian-covariance.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu());
});
afterAll(async () => {
  expect(device.memory().buffers).toBe(0);
  await device[Symbol.asyncDispose]();
});

/** Two pixels, two hidden ReLUs, two outputs: small enough for paper. */
class Small extends Module {
  readonly first = new Linear({ inputs: 2, outputs: 2, bias: false, rng: new Rng(1) });
  readonly second = new Linear({ inputs: 2, outputs: 2, bias: false, rng: new Rng(2) });

  constructor(first: readonly number[], second: readonly number[]) {
    super();
    this.first.weight.load(hostTensor(Float32Array.from(first), [2, 2]));
    this.second.weight.load(hostTensor(Float32Array.from(second), [2, 2]));
  }

  forward(images: Tensor, _mode: Mode): Tensor {
    return this.second.forward(relu(this.first.forward(images.reshape([images.shape[0]!, 2]))));
  }
}
const pixels = (rows: readonly (readonly [number, number])[]) => hostTensor(Float32Array.from(rows.flat()), [rows.length, 1, 2, 1]);

describe("by hand", () => {
  test("SynFlow: each layer's share is the whole, whatever the signs", async () => {
    using model = new Small([1, -2, 3, 4], [-1, 2, 0.5, 1]);
    // |W1| with ones: columns 1 + 3 and 2 + 4; times |W2|'s row sums 3 and 1.5: R = 4·3 + 6·1.5 = 21, felt by both layers alike.
    expect(await synFlow(model, { device, inputShape: [1, 1, 2, 1] })).toBeCloseTo(42, 4);
    // The weights are as they were.
    expect([...(await model.first.weight.read()).data]).toEqual([1, -2, 3, 4]);
  });

  test("NASWOT: two images that differ in one of two ReLUs", async () => {
    using model = new Small([1, 0, 0, 1], [1, 1, 1, 1]);
    const rng = new Rng(1);
    // Codes 11 and 10: alike in one. |2 1; 1 2| = 3.
    expect(
      await naswot(model, {
        device,
        images: pixels([
          [1, 1],
          [1, -1],
        ]),
        rng,
      }),
    ).toBeCloseTo(Math.log(3), 5);
    // Codes 11 and 11: no difference at all.
    expect(
      await naswot(model, {
        device,
        images: pixels([
          [1, 1],
          [2, 3],
        ]),
        rng,
      }),
    ).toBeLessThan(-20);
  });

  test("gradient norm: of the loss by both layers", async () => {
    using model = new Small([1, 0, 0, 1], [0, 0, 0, 0]);
    // Logits 0, 0: the loss's gradient by them is ±½, by the second layer h ⊗ (−½, ½) with h = (3, 4): 5 / √2; by the first 0.
    const labels = hostTensor(Int32Array.of(0), [1]);
    expect(await gradientNorm(model, labels, { device, images: pixels([[3, 4]]), rng: new Rng(1) })).toBeCloseTo(5 / Math.SQRT2, 4);
  });

  test("Jacobian covariance: rows at right angles have eigenvalues 1, equal rows 2 and 0", () => {
    const k = 1e-5;
    const term = (value: number) => Math.log(value + k) + 1 / (value + k);
    expect(correlationScore(Float64Array.of(1, -1, 0, 0, 0, 0, 1, -1), 2)).toBeCloseTo(-2 * term(1), 8);
    expect(correlationScore(Float64Array.of(1, 1, 1, 2, 4, 6), 2)).toBeCloseTo(-term(2) - term(0), -1);
    expect(correlationScore(Float64Array.of(1, 2, 3, 2, 4, 6), 2) / (-term(2) - term(0))).toBeCloseTo(1, 4);
  });
});

test("cells that compute something are told from those that do not", async () => {
  const operations = ["none", "skip", "conv1x1", "conv3x3"] as const;
  const space = edgeCell({ nodes: 4, operations });
  const paths = Object.keys(sample(space, new Rng(1)).genotype);
  const cellOf = (number: number) => ofGenotype(space, Object.fromEntries(paths.map((path) => [path, number]))).value;
  const images = new Rng(2).normal([6, 8, 8, 1]);
  const labels = hostTensor(Int32Array.of(0, 1, 2, 0, 1, 2), [6]);
  const scores = async (number: number): Promise<number[]> => {
    const make = () =>
      new EdgeCellNetwork({ cell: cellOf(number), inputs: 1, classes: 3, channels: 4, stages: 1, cellsPerStage: 1, rng: new Rng(3) });
    const options = { device, images, rng: new Rng(4) };
    using a = make();
    using b = make();
    using c = make();
    using d = make();
    return [
      await gradientNorm(a, labels, options),
      await synFlow(b, { device, inputShape: [1, 8, 8, 1] }),
      await naswot(c, options),
      await jacobianCovariance(d, options),
    ];
  };
  const [nothing, convolutions] = [await scores(0), await scores(3)];
  expect(convolutions.every(Number.isFinite)).toBe(true);
  for (const [i, score] of convolutions.entries()) expect(score).toBeGreaterThan(nothing[i]!);
});
