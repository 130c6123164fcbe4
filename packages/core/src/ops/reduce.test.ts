import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { onEach, referenceSuite } from "../testing/reference-fixture.ts";

referenceSuite("reduce_cumsum_topk", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name, attrs: { dim, k, correction } }, { x }) => {
    switch (name) {
      case "cumsum":
        return ops.cumsum(x!, dim);
      case "cumprod":
        return ops.cumprod(x!, dim);
      case "topk":
        return ops.topK(x!, k, { axis: dim }).values;
      case "sort_desc":
        return ops.sort(x!, { axis: dim, descending: true }).values;
      case "mean":
        return ops.mean(x!, dim);
      case "sum":
        return ops.sum(x!, dim);
      case "prod":
        return ops.prod(x!, dim);
      case "amax":
        return ops.max(x!, dim);
      case "amin":
        return ops.min(x!, dim);
      case "var":
        return ops.variance(x!, dim, { correction });
      case "std":
        return ops.std(x!, dim, { correction });
      default:
        return ops.norm(x!, dim);
    }
  },
});

onEach([cpu(), wasm()], (open) => {
  test("reductions by hand, over one axis, over some, over all", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = ops.reshape(ops.range(24, { dtype: "float32" }), [2, 3, 4]);
      return [
        x.sum(),
        x.sum([0, 2]),
        x.sum(-1, { keepDims: true }),
        x.mean([1]),
        x.max([0, 1]),
        x.min(2),
        ops.prod(ops.tensor([2, -3, 4])),
        ops.variance(ops.tensor([1, 2, 3, 4])),
        ops.variance(ops.tensor([1, 2, 3, 4]), 0, { correction: 1 }),
        ops.norm(ops.tensor([3, 4])),
        ops.logSumExp(ops.tensor([1000, 1000])),
        ops.logSumExp(ops.tensor([-Infinity, -Infinity])),
      ];
    });
    expect(out.map((item) => (typeof item === "number" ? item : [item.shape, ...item.data]))).toEqual([
      276,
      [[3], 60, 92, 124],
      [[2, 3, 1], 6, 22, 38, 54, 70, 86],
      [[2, 4], 4, 5, 6, 7, 16, 17, 18, 19],
      [[4], 20, 21, 22, 23],
      [[2, 3], 0, 4, 8, 12, 16, 20],
      -24,
      1.25,
      expect.closeTo(5 / 3, 5),
      5,
      expect.closeTo(1000 + Math.LN2, 3),
      -Infinity,
    ]);
  });

  test("of ints, of bools, of nothing, of a scalar", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const none = ops.zeros([2, 0]);
      const mask = ops.tensor(
        [
          [1, 0],
          [0, 0],
        ],
        { dtype: "bool" },
      );
      return [
        ops.range(5).sum(),
        ops.max(ops.range(5)),
        none.sum(),
        none.sum(1),
        ops.prod(none),
        none.max(1),
        ops.any(mask, 1).cast("int32"),
        ops.all(mask, 0).cast("int32"),
        ops.any(mask).cast("int32"),
        ops.tensor(3).sum(),
        ops.tensor(3).mean(),
        // Fewer than the correction: nothing is left to divide by, as in PyTorch.
        ops.variance(ops.tensor([1, 2]), 0, { correction: 3 }),
      ];
    });
    expect(out.map((item) => (typeof item === "number" ? item : [item.dtype, ...item.data]))).toEqual([
      10,
      4,
      0,
      ["float32", 0, 0],
      1,
      ["float32", -Infinity, -Infinity],
      ["int32", 1, 0],
      ["int32", 0, 0],
      1,
      3,
      3,
      Infinity,
    ]);
  });

  test("argmax is the first of equals, and NaN wins", async () => {
    const { device } = open();
    const out = await device.compute(() => [
      ops.argmax(
        ops.tensor([
          [1, 5, 5],
          [Number.NaN, 9, 9],
        ]),
        1,
      ),
      ops.argmin(
        ops.tensor([
          [1, 5, 1],
          [3, 2, 2],
        ]),
        -1,
      ),
    ]);
    expect(out.map(({ dtype, data }) => [dtype, ...data])).toEqual([
      ["int32", 1, 0],
      ["int32", 0, 1],
    ]);
  });

  test("running sums leave the element out, or run from the end", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = ops.tensor([1, 2, 3]);
      return [
        ops.cumsum(x, 0),
        ops.cumsum(x, 0, { exclusive: true }),
        ops.cumsum(x, 0, { reverse: true }),
        ops.cumprod(x, 0, { exclusive: true, reverse: true }),
      ];
    });
    expect(out.map(({ data }) => [...data])).toEqual([
      [1, 3, 6],
      [0, 1, 3],
      [6, 5, 3],
      [6, 3, 1],
    ]);
  });
});
