import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ops from "../index.ts";
import { broadcastShapes } from "../shape.ts";
import { onEach } from "../testing/reference-fixture.ts";

const { tensor, sizeOf } = ops;

/** Two shapes that broadcast to each other: sizes of a common shape, some of them 1, leading ones dropped. */
const broadcastPair = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) => {
  const side = fc
    .tuple(fc.integer({ min: 0, max: shape.length }), fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }))
    .map(([dropped, single]) => shape.map((size, i) => (single[i] ? 1 : size)).slice(dropped));
  return fc.tuple(side, side);
});

/** The element of a tensor of shape `from` that lands at place `i` of `to`, by NumPy's rule. */
function sourceOf(i: number, to: readonly number[], from: readonly number[]): number {
  let rest = i;
  let place = 0;
  let stride = 1;
  for (let axis = 1; axis <= to.length; axis++) {
    const position = rest % to[to.length - axis]!;
    rest = Math.floor(rest / to[to.length - axis]!);
    const size = from[from.length - axis] ?? 1;
    place += (size === 1 ? 0 : position) * stride;
    stride *= size;
  }
  return place;
}

onEach([cpu(), wasm()], (open) => {
  test("arithmetic broadcasts as nested loops would", () => {
    const { device } = open();
    const values = (shape: readonly number[], seed: number): Float32Array =>
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.round(8 * Math.sin(i * 1.7 + seed)) + 0.5);
    fc.assert(
      fc.property(broadcastPair, ([left, right]) => {
        const [a, b] = [values(left, 1), values(right, 2)];
        const shape = broadcastShapes("test", left, right);
        const out = device.computeSync(() => {
          const [x, y] = [tensor({ shape: left, dtype: "float32", data: a }), tensor({ shape: right, dtype: "float32", data: b })];
          return [ops.add(x, y), ops.mul(x, y), ops.where(ops.less(x, y), x, y)].map((z) => z.reshape([-1]));
        }) as ops.HostTensor[];
        for (let i = 0; i < sizeOf(shape); i++) {
          const [p, q] = [a[sourceOf(i, shape, left)]!, b[sourceOf(i, shape, right)]!];
          expect(out.map(({ data }) => data[i])).toEqual([p + q, p * q, Math.min(p, q)]);
        }
        expect(out[0]!.shape).toEqual([sizeOf(shape)]);
      }),
      { numRuns: 60 },
    );
  });

  test("int32: division truncates, the remainder has the divisor's sign, sums wrap around", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const int = (...values: number[]): ops.Tensor => tensor(values, { dtype: "int32" });
      const [a, b] = [int(7, -7, 7, -7), int(2, 2, -2, -2)];
      return [ops.div(a, b), ops.modulo(a, b), int(2 ** 31 - 1).add(1), ops.abs(a), a.mul(b), ops.pow(int(2, 3), 3)];
    });
    expect(out.map(({ dtype, data }) => [dtype, ...data])).toEqual([
      ["int32", 3, -3, -3, 3],
      ["int32", 1, 1, -1, -1],
      ["int32", -(2 ** 31)],
      ["int32", 7, 7, 7, 7],
      ["int32", 14, -14, -14, 14],
      ["int32", 8, 27],
    ]);
  });

  test("floats by hand", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = tensor([-1.5, 0, 2.5]);
      return {
        modulo: ops.modulo(x, 1),
        clip: x.clip(-1, 1),
        round: ops.round(tensor([0.5, 1.5, -0.5, 2.5])),
        angle: ops.atan2(tensor([1, -1]), tensor([0, 0])),
        endless: ops.pow(tensor([1, -1, 1, -1, 2]), tensor([Infinity, Infinity, -Infinity, -Infinity, -Infinity])),
        nan: ops.maximum(tensor([Number.NaN, 1]), tensor([1, Number.NaN])),
      };
    });
    expect([...out.modulo.data]).toEqual([0.5, 0, 0.5]);
    expect([...out.clip.data]).toEqual([-1, 0, 1]);
    expect([...out.round.data].map(Math.abs)).toEqual([0, 2, 0, 2]);
    expect(out.angle.data[0]).toBeCloseTo(Math.PI / 2, 6);
    expect(out.angle.data[1]).toBeCloseTo(-Math.PI / 2, 6);
    expect([...out.endless.data]).toEqual([1, 1, 1, 1, 0]);
    expect([...out.nan.data]).toEqual([Number.NaN, Number.NaN]);
  });

  test("slopes at the corners: of relu 0, of |x| 0, of equals a half each, of clip's borders 1, of x⁰ 0, of an angle at the origin 0", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const zero = (): ops.Tensor => tensor([0]);
      const slope = (f: (x: ops.Tensor) => ops.Tensor, at = zero()): ops.Tensor => ops.grad(() => f(at).sum(), [at])[0]!;
      return [
        slope(ops.relu),
        slope(ops.abs),
        slope((x) => ops.maximum(x, 0)),
        slope((x) => ops.minimum(x, 0)),
        slope((x) => ops.clip(x, 0, 1)),
        slope((x) => ops.pow(x, 0)),
        slope((x) => ops.pow(x, 2), tensor([-3])),
        slope((x) => ops.max(ops.concat([x, x], { axis: 0 }))),
        slope((x) => ops.atan2(x, zero())),
        slope((x) => ops.atan2(zero(), x)),
      ];
    });
    expect(out.map(({ data }) => data[0])).toEqual([0, 0, 0.5, 0.5, 1, 0, -6, 1, 0, -0]);
  });
});

describe("errors say what to do", () => {
  const message = async (work: () => unknown): Promise<string> => {
    await using device = await ops.openDevice(cpu());
    const error = await device
      .compute(() => void work())
      .then(
        () => new Error("no error"),
        (caught: Error) => caught,
      );
    expect(device.memory().buffers).toBe(0);
    return `${error.name}: ${error.message}`;
  };

  test("shapes that do not broadcast", async () => {
    expect(await message(() => ops.zeros([2, 3]).add(ops.zeros([2, 4])))).toBe(
      "ShapeError: add: expected shapes that broadcast (equal sizes, or 1, counted from the last axis), got [2, 3] and [2, 4]: axis −1 is 3 and 4.",
    );
  });

  test("dtypes that do not mix, bools, and numbers an int32 cannot hold", async () => {
    expect(await message(() => ops.zeros([2]).mul(ops.range(2)))).toBe(
      "DtypeError: mul: expected both inputs to have the same dtype, got float32 and int32. Convert one with .cast(…).",
    );
    expect(await message(() => tensor([1], { dtype: "bool" }).add(1))).toBe(
      'DtypeError: add: expected numbers, got bool. Convert with .cast("float32"), or use logicalAnd and its kin.',
    );
    expect(await message(() => ops.range(3).mul(0.5))).toBe(
      'DtypeError: fill: expected a whole number for int32, got 0.5. Convert the tensor beside it with .cast("float32").',
    );
    expect(await message(() => ops.exp(ops.range(3)))).toBe(
      'DtypeError: exp: expected a float tensor, got int32. Convert it with .cast("float32").',
    );
    expect(await message(() => ops.max(tensor([1], { dtype: "bool" })))).toBe(
      'DtypeError: max: expected numbers, got bool. Convert it with .cast("float32") or .cast("int32").',
    );
    expect(await message(() => ops.where(ops.zeros([1]), ops.zeros([1]), ops.zeros([1])))).toBe(
      'DtypeError: where: expected a tensor of bool, got float32. Convert it with .cast("bool").',
    );
  });

  test("matrices and layers that do not fit", async () => {
    expect(await message(() => ops.matmul(ops.zeros([2, 3]), ops.zeros([4, 5])))).toBe(
      "ShapeError: matmul: expected 3 rows on the right, got 4: [2, 3] times [4, 5].",
    );
    expect(await message(() => ops.linear(ops.zeros([8, 3]), ops.zeros([4, 5])))).toBe(
      "ShapeError: linear: expected input features 4 (weight [4, 5], layout [in, out]), got [8, 3].",
    );
    expect(await message(() => ops.conv2d(ops.zeros([32, 28, 28, 4]), ops.zeros([3, 3, 3, 64])))).toBe(
      "ShapeError: conv2d: expected input channels 3 (weight [3, 3, 3, 64], layout [kh, kw, in, out]), got 4 (input [32, 28, 28, 4]).",
    );
    expect(await message(() => ops.conv2d(ops.zeros([1, 2, 2, 1]), ops.zeros([3, 3, 1, 1])))).toBe(
      "ShapeError: conv2d: expected windows no larger than the padded image, got 3 over 2 + 0 along height (input [1, 2, 2, 1]).",
    );
    expect(await message(() => ops.softmaxCrossEntropy(ops.zeros([4, 10]), ops.zeros([4, 1]).cast("int32")))).toBe(
      "ShapeError: softmaxCrossEntropy: expected labels of shape [4] (logits [4, 10]), got [4, 1].",
    );
    expect(await message(() => ops.layerNorm(ops.zeros([2, 3]), { weight: ops.ones([2]), bias: ops.zeros([3]) }))).toBe(
      "ShapeError: layerNorm: expected weight and bias of shape [3], got [2].",
    );
    expect(await message(() => ops.convTranspose2d(ops.zeros([1, 2, 2, 4]), ops.zeros([2, 2, 3, 4]), { bias: ops.zeros([4]) }))).toBe(
      "ShapeError: convTranspose2d: expected a bias of shape [3], got [4].",
    );
  });

  test("shapes, axes and parts", async () => {
    expect(await message(() => ops.zeros([2, 3]).reshape([4, -1]))).toBe(
      "ShapeError: reshape: expected a shape of 6 elements (input [2, 3]), got [4, -1].",
    );
    expect(await message(() => ops.zeros([2, 3]).sum(2))).toBe("OptionError: sum: expected an axis from -2 to 1, got 2.");
    expect(await message(() => tensor(1).argmax(0))).toBe("OptionError: argmax: expected a tensor with at least one axis, got a scalar.");
    expect(await message(() => ops.zeros([2, 3]).sum([0, -2]))).toBe("OptionError: sum: expected distinct axes, got [0, -2].");
    expect(await message(() => ops.zeros([2, 3]).slice([0, 2], [2, 2]))).toBe(
      "OptionError: slice: expected a part of [2, 3], got start 2, size 2, step 1 along axis 1 of length 3.",
    );
    expect(await message(() => ops.slice(ops.zeros([2]), [0], { steps: [1, 2] }))).toBe(
      "OptionError: slice: expected at most 1 numbers for [2], got [1, 2].",
    );
    expect(await message(() => ops.concat([ops.zeros([2, 3]), ops.zeros([3, 3])], { axis: 1 }))).toBe(
      "ShapeError: concat: expected shapes equal but for axis 1, got [2, 3] and [3, 3].",
    );
    expect(await message(() => ops.stack([ops.zeros([2]), ops.zeros([3])]))).toBe(
      "ShapeError: stack: expected tensors of one shape, got [2] and [3].",
    );
    expect(await message(() => ops.split(ops.zeros([5]), 2, { axis: 0 }))).toBe(
      "OptionError: split: expected parts that add up to 5 along axis 0 of [5], got 2.",
    );
    expect(await message(() => ops.pad(ops.zeros([2, 3]), [[1, 1]]))).toBe(
      "OptionError: pad: expected 2 pairs of whole numbers ≥ 0, one per axis of [2, 3], got [[1,1]].",
    );
    expect(await message(() => ops.pad(ops.zeros([3]), [[3, 0]], { mode: "reflect" }))).toBe(
      "OptionError: pad: expected less padding than elements to mirror along axis 0 (3), got [3, 0].",
    );
    expect(await message(() => ops.repeat(ops.zeros([2]), 2, { axis: 1 }))).toBe(
      "OptionError: repeat: expected an axis from -1 to 0, got 1.",
    );
    expect(await message(() => ops.broadcastTo(ops.zeros([2, 3]), [3]))).toBe(
      "ShapeError: broadcastTo: expected a shape that [2, 3] stretches to, got [3].",
    );
    expect(await message(() => ops.zeros([2, -1]))).toBe("ShapeError: fill: expected sizes that are whole numbers ≥ 0, got [2, -1].");
  });

  test("windows that would see padding alone", async () => {
    const images = (): ops.Tensor => ops.zeros([1, 4, 4, 1]);
    const padding = [
      [0, 3],
      [0, 0],
    ] as const;
    expect(await message(() => ops.maxPool2d(images(), { kernelSize: 2, stride: 1, padding }))).toBe(
      "OptionError: maxPool2d: expected every window (2 × 2) to meet the image, got padding [[0,3],[0,0]] on [1, 4, 4, 1], which leaves one in the padding alone.",
    );
  });
});
