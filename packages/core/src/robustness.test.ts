/** What must hold however deep, long or unlucky the work is. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import {
  attention,
  Cell,
  checkpoint,
  customGradient,
  type Device,
  DtypeError,
  dropout,
  gelu,
  grad,
  hostTensor,
  linear,
  openDevice,
  Rng,
  type Scalar,
  ScopeError,
  scope,
  sgdUpdate,
  type Tensor,
  tensor,
  valueAndGrad,
} from "./index.ts";
import { expectClose, onEach } from "./testing/reference-fixture.ts";

const cellOf = (...values: number[]): Cell => new Cell(hostTensor(Float32Array.from(values), [values.length]));

onEach([cpu({ precision: "float64" }), wasm()], (open) => {
  test("5,000 operations in a row, forward and back, without a deep stack", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = tensor([1, 2]);
      return grad(() => {
        let y: Tensor = x;
        for (let i = 0; i < 5000; i++) y = i % 2 === 0 ? y.mul(2) : y.mul(0.5);
        return y.sum();
      }, [x])[0]!;
    });
    expect([...out.data]).toEqual([1, 1]);
  });

  test("a tensor used 2,000 times collects every gradient", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = tensor([3]);
      return grad(() => {
        let sum: Tensor = x;
        for (let i = 1; i < 2000; i++) sum = sum.add(x);
        return sum.sum();
      }, [x])[0]!;
    });
    expect(out.data[0]).toBe(2000);
  });

  test("a cell used twice gets both gradients, and the same value both times", async () => {
    const { device } = open();
    using w = cellOf(3);
    const out = await device.compute(() => {
      const { grads } = valueAndGrad(() => {
        expect(w.value).toBe(w.value);
        return w.value.mul(w.value.add(1)).sum(); // 2w + 1
      }, [w]);
      return grads.get(w)!;
    });
    expect(out.data[0]).toBe(7);
  });

  test("gradients one after the other see the cells as updated in between, in place too", async () => {
    const { device } = open();
    using w = cellOf(1);
    const step = { learningRate: 1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: true };
    const out = await device.compute(() => {
      const slope = (): Tensor => valueAndGrad(() => w.value.square().sum(), [w]).grads.get(w)!; // 2w
      const before = w.value;
      const first = slope();
      sgdUpdate(w, first, { velocity: undefined, step }); // w = −1
      const second = slope();
      w.set(w.value.mul(5)); // w = −5
      return [before, first, second, slope(), w.value];
    });
    expect(out.map(({ data }) => data[0])).toEqual([1, 2, -2, -10, -5]);
  });

  test("a throw inside a gradient records nothing further and frees everything", async () => {
    const { device } = open();
    using w = cellOf(2);
    const out = await device.compute(() => {
      w.value;
      const before = device.memory().buffers;
      const failing: (() => Tensor)[] = [
        () => w.value.square(),
        () => checkpoint(() => w.value.square()),
        () => scope(() => customGradient([w.value], { forward: () => w.value.square(), backward: () => [] })),
      ];
      for (const work of failing) {
        expect(() =>
          valueAndGrad((): Scalar => {
            work();
            throw new Error("stop");
          }, [w]),
        ).toThrow("stop");
      }
      expect(() =>
        grad(
          () =>
            checkpoint((): Tensor => {
              throw new Error("inside");
            }).sum(),
          [w],
        ),
      ).toThrow("inside");
      // The last one fails on the way back.
      expect(() => grad(() => failing[2]!().sum(), [w])).toThrow(
        "customGradient: expected 1 gradients from backward, one per input, got 0.",
      );
      expect(device.memory().buffers).toBe(before);
      expect(w.value.square().node).toBe(null);
      return valueAndGrad(() => w.value.square().sum(), [w]).grads.get(w)!;
    });
    expect(out.data[0]).toBe(4);
  });

  test("a variable that is no float is refused", async () => {
    const { device } = open();
    await device.compute(() => {
      expect(() => grad(() => tensor(1), [tensor([1], { dtype: "int32" })])).toThrow(
        new DtypeError("valueAndGrad: expected float variables, got int32 [1]. Differentiate by what it was made of."),
      );
    });
  });

  test("attention of a tensor with itself: each of its three roles counts once in the second order", async () => {
    const { device, tolerances } = open();
    const x = new Rng(3).normal([1, 2, 3, 2]);
    const out = await device.compute(() => {
      const run = (one: Tensor, two: Tensor, three: Tensor, variables: Tensor[]): Tensor => {
        const slopes = grad(
          () =>
            grad(() => attention(one, { key: two, value: three }, { causal: true }).square().sum(), variables)
              .map((g): Scalar => g.square().sum())
              .reduce((a, b) => a.add(b)),
          variables,
        );
        return slopes.reduce((a, b) => a.add(b));
      };
      const same = tensor(x);
      const [a, b, c] = [tensor(x), tensor(x), tensor(x)];
      // By hand: the same variable three times is the sum of three, differentiated.
      const whole = (): Tensor => grad(() => attention(same, { key: same, value: same }, { causal: true }).square().sum(), [same])[0]!;
      const apart = (): Tensor =>
        grad(() => attention(a, { key: b, value: c }, { causal: true }).square().sum(), [a, b, c]).reduce((p, q) => p.add(q));
      return {
        found: grad(() => whole().square().sum(), [same])[0]!,
        expected: grad(() => apart().square().sum(), [a, b, c]).reduce((p, q) => p.add(q)),
        single: run(same, same, same, [same]),
      };
    });
    expectClose(out.found, { ...out.expected, data: [...out.expected.data] }, tolerances.second);
    expectClose(out.single, { ...out.expected, data: [...out.expected.data] }, tolerances.second);
  });
});

onEach([cpu({ precision: "float64" }), cpu(), wasm()], (open) => {
  test("cells inside checkpoint are differentiated by, whether it is the only one or not", async () => {
    const { device } = open();
    using w = cellOf(2);
    using v = cellOf(5);
    const out = await device.compute(() => {
      const { grads } = valueAndGrad(
        () =>
          checkpoint(() => checkpoint(() => w.value.square()).mul(v.value))
            .mul(w.value)
            .sum(),
        [w, v],
      ); // w³v
      return [grads.get(w)!, grads.get(v)!];
    });
    expect(out.map(({ data }) => data[0])).toEqual([60, 8]);
  });

  test("recomputation finds the cells as they were and writes them once", async () => {
    const { device } = open();
    using w = cellOf(3);
    using count = cellOf(1);
    const out = await device.compute(() => {
      const { value, grads } = valueAndGrad(() => {
        const y = checkpoint(() => {
          const before = count.value;
          count.set(before.add(1));
          return w.value.mul(before).mul(count.value); // w · 1 · 2
        });
        count.set(count.value.mul(100)); // Moved on before the way back.
        return y.sum();
      }, [w]);
      return { value, slope: grads.get(w)!, count: count.value };
    });
    expect([out.value, out.slope.data[0], out.count.data[0]]).toEqual([6, 2, 200]);
  });

  test("a gradient asked for inside checkpoint and inside customGradient is a gradient", async () => {
    const { device } = open();
    using w = cellOf(2);
    const out = await device.compute(() => {
      const x = tensor([3]);
      const slope = (): Tensor => grad(() => x.pow(3).mul(w.value).sum(), [x])[0]!; // 3x²w
      const recomputed = valueAndGrad(() => checkpoint(slope).sum(), [w, x]);
      const own = valueAndGrad(() => customGradient([w.value], { forward: slope, backward: (g) => [g.mul(10)] }).sum(), [w]);
      return [recomputed.value, recomputed.grads.get(w)!.sum(), recomputed.grads.get(x)!.sum(), own.value, own.grads.get(w)!.sum()];
    });
    expect(out).toEqual([54, 27, 36, 54, 10]);
  });

  test("checkpoint differentiates twice, with dropout drawn alike each time", async () => {
    const { device, tolerances } = open();
    const x = new Rng(1).normal([4, 3]);
    const run = (wrap: (work: () => Tensor) => Tensor) =>
      device.compute(() => {
        const rng = new Rng(9);
        const input = tensor(x);
        const loss = (): Scalar => wrap(() => dropout(gelu(input), { rate: 0.5, rng }).square()).sum();
        return grad(() => grad(loss, [input])[0]!.square().sum(), [input])[0]!;
      });
    const plain = await run((work) => work());
    expectClose(await run(checkpoint), { ...plain, data: [...plain.data] }, tolerances.second);
  });
});

interface Block {
  readonly up: Cell;
  readonly down: Cell;
}

/** 24 residual blocks, x + W₂·gelu(W₁·x). */
async function peakOf(
  device: Device,
  wrap: (work: () => Tensor) => Tensor,
): Promise<{ bytes: number; value: number; slope: ArrayLike<number> }> {
  const [batch, width] = [512, 128];
  const rng = new Rng(2);
  const blocks = Array.from({ length: 24 }, (_, i): Block => {
    const weight = (name: string): Cell => new Cell(rng.fork(`${i} ${name}`).normal([width, width], 0, 0.02));
    return { up: weight("up"), down: weight("down") };
  });
  const cells = blocks.flatMap(({ up, down }) => [up, down]);
  const x = rng.fork("x").normal([batch, width]);
  await device.compute(() => {
    for (const cell of cells) cell.value;
  });
  let held = 0;
  const out = await device.compute(() => {
    const input = tensor(x);
    held = device.memory().bytes;
    const { value, grads } = valueAndGrad(() => {
      let y: Tensor = input;
      for (const { up, down } of blocks) {
        const before = y;
        y = wrap(() => before.add(linear(gelu(linear(before, up.value)), down.value)));
      }
      return y.square().mean();
    }, cells);
    return { value, slope: grads.get(cells[0]!)! };
  });
  for (const cell of cells) cell[Symbol.dispose]();
  return { bytes: device.memory().peakBytes - held, value: out.value, slope: out.slope.data };
}

test("checkpoint halves, at least, the memory that a step of a 24-block network takes", async () => {
  // A device each: its peak is the most there ever was.
  await using one = await openDevice(wasm());
  await using two = await openDevice(wasm());
  const plain = await peakOf(one, (work) => work());
  const saved = await peakOf(two, checkpoint);
  expect(saved.value).toBe(plain.value);
  expect(saved.slope).toEqual(plain.slope);
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  console.info(
    `24 blocks, batch 512, width 128: ${mebibytes(plain.bytes)} MiB at most above the weights without checkpoint, ${mebibytes(saved.bytes)} MiB with`,
  );
  expect(plain.bytes / saved.bytes).toBeGreaterThan(2);
});

test("a tensor that outlived its gradient says so", async () => {
  await using device = await openDevice(cpu());
  await device.compute(() => {
    const x = tensor([1]);
    let inner!: Tensor;
    grad(() => (inner = x.mul(2)).sum(), [x]);
    expect(() => inner.add(1)).toThrow(
      new ScopeError("tensor [1]: it was freed when the backward pass ended. Return it from there, or keep it in a Cell."),
    );
  });
});
