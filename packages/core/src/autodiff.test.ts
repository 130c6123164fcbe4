import { cpu } from "@dl/backend-cpu";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkpoint } from "./checkpoint.ts";
import {
  Cell,
  type Device,
  dropout,
  grad,
  hostTensor,
  jvp,
  leakyRelu,
  matmul,
  openDevice,
  Rng,
  ScopeError,
  ShapeError,
  scope,
  stopGradient,
  type Tensor,
  tanh,
  tensor,
  valueAndGrad,
  vjp,
} from "./index.ts";
import { checkGradients, gradientCases } from "./testing/index.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu({ precision: "float64" }));
});
afterAll(async () => {
  expect(device.memory().buffers).toBe(0);
  await device[Symbol.asyncDispose]();
});

describe("every operation's gradients, once and twice, are the central differences", () => {
  test.each(gradientCases)("$name", async ({ inputs, work }) => {
    await checkGradients(device, work, { inputs });
  });
});

test("a gradient by hand: d/dw (w·x − y)² = 2(w·x − y)·x", async () => {
  using w = new Cell(hostTensor(Float32Array.of(3), []));
  const { value, grads } = await device.compute(() => valueAndGrad(() => w.value.mul(2).sub(5).square().sum(), [w]));
  expect(value).toBe(1);
  expect(grads.get(w)).toBe(4);
});

test("a gradient penalty through leaky ReLU differentiates twice", async () => {
  // f = lrelu(w·x)²; with w·x > 0: f' by x = 2w²x; penalty = (2w²x)² = 4w⁴x²; by w: 16w³x² = 1728 at w = 3, x = 2.
  using w = new Cell(hostTensor(Float32Array.of(3), []));
  const { slope } = await device.compute(() => {
    const x = tensor(2);
    const [slope] = grad(() => {
      const [dx] = grad(() => leakyRelu(w.value.mul(x)).square().sum(), [x]);
      return dx!.square().sum();
    }, [w]);
    return { slope: slope! };
  });
  expect(slope).toBe(1728);
});

test("the same cell differentiated by an outer and an inner gradient", async () => {
  // d/dw (w · d/dw w³) = d/dw 3w³ = 9w².
  using w = new Cell(hostTensor(Float32Array.of(2), []));
  const out = await device.compute(() => grad(() => w.value.mul(grad(() => w.value.pow(3).sum(), [w])[0]!).sum(), [w]));
  expect(out[0]).toBeCloseTo(36, 10);
});

test("variables the loss does not depend on get zeros", async () => {
  const out = await device.compute(() => {
    const [a, b] = [tensor([1, 2]), tensor([3])];
    return grad(() => a.square().sum(), [a, b]);
  });
  expect(out.map(({ data }) => [...data])).toEqual([[2, 4], [0]]);
});

test("nothing flows through stopGradient", async () => {
  const [g] = await device.compute(() => {
    const x = tensor([3]);
    return grad(() => x.mul(stopGradient(x)).sum(), [x]);
  });
  expect([...g!.data]).toEqual([3]);
});

test("vjp multiplies from the left, jvp from the right", async () => {
  const out = await device.compute(() => {
    const a = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]); // 3 × 2
    const x = tensor([1, 1]);
    const work = (): Tensor => matmul(a, x);
    const left = vjp(work, [x], { cotangent: () => tensor([1, 0, 2]) });
    const right = jvp(work, [x], { tangents: [tensor([1, -1])] });
    return { value: left.value, left: left.grads.get(x)!, right: right.tangent };
  });
  expect([...out.value.data]).toEqual([3, 7, 11]);
  expect([...out.left.data]).toEqual([11, 14]);
  expect([...out.right.data]).toEqual([-1, -1, -1]);
});

test("checkpoint gives the same bits, draws the same dropout, and keeps less", async () => {
  const run = async (wrap: (work: () => Tensor) => Tensor) => {
    const rng = new Rng(5);
    const weights = Array.from({ length: 6 }, (_, i) => new Cell(rng.fork(`w${i}`).normal([64, 64], 0, 0.1)));
    const mask = rng.fork("mask");
    const before = device.memory().bytes;
    const out = await device.compute(() => {
      const x = tensor(rng.fork("x").normal([64, 64]));
      const { value, grads } = valueAndGrad(() => {
        let y: Tensor = x;
        for (const weight of weights) {
          const input = y;
          y = wrap(() => tanh(dropout(tanh(matmul(input, weight.value)).mul(2).add(0.1), { rate: 0.2, rng: mask })));
        }
        return y.square().mean();
      }, weights);
      return { value, grads: [...grads.values()], after: mask.state.position };
    });
    for (const weight of weights) weight[Symbol.dispose]();
    return { ...out, before };
  };
  const plain = await run((work) => work());
  const recomputed = await run(checkpoint);
  expect(recomputed.value).toBe(plain.value);
  expect(recomputed.after).toBe(plain.after);
  for (const [i, g] of recomputed.grads.entries()) expect(g.data.every((value, j) => value === plain.grads[i]!.data[j])).toBe(true);
});

test("scope frees early in inference, and keeps what a gradient needs", async () => {
  await device
    .compute(() => {
      const before = device.memory().buffers;
      const kept = scope(() => tensor([1]).add(1).add(1));
      expect(device.memory().buffers).toBe(before + 1);
      const [g] = grad(() => scope(() => kept.square().mul(kept)).sum(), [kept]); // 3x²
      return g!;
    })
    .then((g) => expect([...g.data]).toEqual([27]));
});

test("the backward pass leaves nothing behind but the gradients and the value", async () => {
  using w = new Cell(new Rng(1).normal([8, 8]));
  await device.compute(() => {
    w.value;
    const before = device.memory().buffers;
    valueAndGrad(() => tanh(matmul(w.value, w.value)).square().sum(), [w]);
    expect(device.memory().buffers).toBe(before + 2);
  });
});

test("a loss that is not a scalar, and a tensor that outlived its gradient, are errors that say what to do", async () => {
  await expect(device.compute(() => valueAndGrad(() => tensor([1, 2]) as never, []))).rejects.toThrow(ShapeError);
  await expect(
    device.compute(() => {
      const x = tensor([1]);
      let inner!: Tensor;
      valueAndGrad(() => (inner = x.mul(2)).sum(), [x]);
      return inner.add(1);
    }),
  ).rejects.toThrow(ScopeError);
});

test("checkGradients sees parameters too, and leaves them as they were", async () => {
  using weight = new Cell(new Rng(2).normal([2, 3]));
  const inputs = [new Rng(3).normal([4, 2])];
  const before = [...(await weight.read()).data];
  await checkGradients(device, (x) => tanh(matmul(x!, weight.value)), { inputs, cells: [weight] });
  expect([...(await weight.read()).data]).toEqual(before);
  const wrong = (x: Tensor): Tensor => tanh(matmul(x, stopGradient(weight.value)));
  await expect(checkGradients(device, (x) => wrong(x!), { inputs, cells: [weight], order: 1 })).rejects.toThrow(
    "gradient of cell 0 at element 0",
  );
});
