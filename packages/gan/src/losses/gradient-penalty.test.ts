import { cpu } from "@dl/backend-cpu";
import {
  averagePool2d,
  Cell,
  conv2d,
  globalAveragePool2d,
  hostTensor,
  leakyRelu,
  matmul,
  maxPool2d,
  openDevice,
  Rng,
  randomUniform,
  stopGradient,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@dl/core";
import { Linear } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { backends, decode, type Encoded, expectClose, onDevice, readFixture } from "../reference-fixture.ts";
import { clipWeights } from "./clip-weights.ts";
import { gradientPenalty, r1Penalty } from "./gradient-penalty.ts";

interface PenaltyCase {
  readonly pool: "average" | "max" | "global";
  /** Kernels `[out, in, kh, kw]`, biases, and the matrix of the scores. */
  readonly weights: readonly Encoded[];
  /** NCHW. */
  readonly real: Encoded;
  readonly fake: Encoded;
  readonly share: Encoded;
  readonly gradientPenalty: number;
  readonly gradientPenaltyByWeights: readonly Encoded[];
  readonly r1: number;
  readonly r1ByWeights: readonly Encoded[];
}

function criticOf(pool: PenaltyCase["pool"], [w1, b1, w2, b2, w3]: readonly Tensor[]): (x: Tensor) => Tensor {
  return (x) => {
    let h = leakyRelu(conv2d(x, w1!.transpose([2, 3, 1, 0]), { stride: 2, padding: 1, bias: b1! }), 0.2);
    h = leakyRelu(conv2d(h, w2!.transpose([2, 3, 1, 0]), { padding: 1, bias: b2! }), 0.2);
    if (pool === "average") h = averagePool2d(h, { kernelSize: 2 });
    else if (pool === "max") h = maxPool2d(h, { kernelSize: 2 });
    else h = globalAveragePool2d(h);
    return matmul(h.reshape([x.shape[0]!, -1]), w3!).reshape([-1]);
  };
}

describe.each(backends)("on $name", ({ open, digits }) => {
  test.each(readFixture<PenaltyCase[]>("penalties.json"))(
    "through strided convolutions, leaky ReLU and a pool ($pool), the penalties differentiate as PyTorch's",
    async (example) => {
      await onDevice(open(), async (device) => {
        const found = await device.compute(() => {
          const weights = example.weights.map((weight) => tensor(decode(weight)));
          const critic = criticOf(example.pool, weights);
          const [real, fake] = [example.real, example.fake].map((images) => tensor(decode(images)).transpose([0, 2, 3, 1]));
          // The fixture's points between are a fake mixed with itself: our own share is then of no effect.
          const share = tensor(decode(example.share));
          const between = real!.mul(share).add(fake!.mul(share.mul(-1).add(1)));
          const gp = valueAndGrad(() => gradientPenalty(critic, { real: between, fake: between, rng: new Rng(1) }), weights);
          const r1 = valueAndGrad(() => r1Penalty(critic, real!), weights);
          return {
            gp: gp.value,
            gpByWeights: weights.map((weight) => gp.grads.get(weight)!),
            r1: r1.value,
            r1ByWeights: weights.map((weight) => r1.grads.get(weight)!),
          };
        });
        expectClose(found.gp, example.gradientPenalty, { digits });
        expectClose(found.r1, example.r1, { digits });
        example.weights.forEach((_, i) => {
          expectClose(found.gpByWeights[i]!, example.gradientPenaltyByWeights[i]!, { digits, label: `penalty by weight ${i}` });
          expectClose(found.r1ByWeights[i]!, example.r1ByWeights[i]!, { digits, label: `R1 by weight ${i}` });
        });
      });
    },
  );
});

test("the penalty looks at points between real and fake, one for each example, drawn from the stream", async () => {
  await using device = await openDevice(cpu());
  using points = new Cell(hostTensor(new Float32Array(3), [3, 1]));
  const share = await device.compute(() => {
    const [real, fake] = [tensor([[0], [0], [0]]), tensor([[1], [1], [1]])];
    const critic = (x: Tensor): Tensor => {
      points.set(stopGradient(x));
      return x.square().sum(1);
    };
    gradientPenalty(critic, { real, fake, rng: new Rng(3) });
    return randomUniform([3, 1], { rng: new Rng(3) });
  });
  const { data } = await points.read();
  expect(new Set(data).size).toBe(3);
  for (const [i, point] of data.entries()) expect(point).toBeCloseTo(1 - share.data[i]!, 6);
});

test("a share penalises the front of the batch, and no more", async () => {
  await using device = await openDevice(cpu());
  const found = await device.compute(() => {
    const critic = (x: Tensor): Tensor => x.square().sum(1); // slopes of 2 |x|
    const real = tensor([[1], [2], [100], [100], [100]]);
    const of = (examples: Tensor, share?: number) =>
      gradientPenalty(critic, { real: examples, fake: examples, rng: new Rng(1), ...(share && { share }) });
    return [of(real, 0.25), of(tensor([[1], [2]])), of(real)] as const;
  });
  // 10 · ((2 − 1)² + (4 − 1)²) / 2
  expect(found[0]).toBeCloseTo(50, 3);
  expect(found[0]).toBe(found[1]);
  expect(found[2]).toBeGreaterThan(1e5);
});

test("a critic without any gradient is penalised, and differentiates to numbers", async () => {
  await using device = await openDevice(cpu());
  const found = await device.compute(() => {
    const w = tensor([0]);
    const x = tensor([[1], [2]]);
    const { value, grads } = valueAndGrad(() => gradientPenalty((y) => y.mul(w).sum(1), { real: x, fake: x, rng: new Rng(1) }), [w]);
    return [value, grads.get(w)!] as const;
  });
  expect(found[0]).toBeCloseTo(10, 4);
  expect(found[1].data.every(Number.isFinite)).toBe(true);
});

test("clipped weights stay within the limit; bad options are named", async () => {
  await using device = await openDevice(cpu());
  using layer = new Linear({ inputs: 4, outputs: 3, rng: new Rng(1) });
  await device.compute(() => clipWeights(layer.parameters(), 0.01));
  for (const parameter of layer.parameters()) {
    for (const weight of (await parameter.read()).data) expect(Math.abs(weight)).toBeLessThanOrEqual(Math.fround(0.01));
  }
  expect(() => clipWeights([], 0)).toThrow("clipWeights: expected a limit above 0, got 0.");
  const penalty = () => device.compute(() => r1Penalty((x) => x, tensor([[1]]), { weight: -1 }));
  await expect(penalty()).rejects.toThrow("r1Penalty: expected a weight ≥ 0, got -1.");
  const mixed = () => device.compute(() => gradientPenalty((x) => x, { real: tensor([[1]]), fake: tensor([1]), rng: new Rng(1) }));
  await expect(mixed()).rejects.toThrow("gradientPenalty: expected real and fake of one shape, got [1, 1] and [1].");
  const nothing = () =>
    device.compute(() => gradientPenalty((x) => x, { real: tensor([[1]]), fake: tensor([[1]]), rng: new Rng(1), share: 0 }));
  await expect(nothing()).rejects.toThrow("gradientPenalty: expected a share above 0 and at most 1, got 0.");
});
