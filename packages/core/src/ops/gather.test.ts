import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { onEach, referenceSuite } from "../testing/reference-fixture.ts";

referenceSuite("embedding_gather_scatter", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name, attrs: { dim, padding_idx } }, { w, x, src, idx }) => {
    switch (name) {
      case "embedding":
        return ops.embedding(w!, idx!, padding_idx === null ? {} : { paddingIndex: padding_idx });
      case "gather":
        return ops.takeAlong(x!, idx!, { axis: dim });
      case "scatter_add":
        return x!.add(ops.scatterAlong(idx!, src!, { axis: dim, length: x!.shape[dim]! }));
      default:
        return ops.gather(x!, idx!, { axis: dim });
    }
  },
});

onEach([cpu(), wasm()], (open) => {
  test("gather and scatterAdd by hand: repeats are taken again, and add up", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = ops.tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      const ids = ops.tensor(
        [
          [2, 0],
          [2, 2],
        ],
        { dtype: "int32" },
      );
      return [
        ops.gather(x, ids, { axis: 0 }),
        ops.gather(x, ops.tensor([1], { dtype: "int32" }), { axis: -1 }),
        ops.scatterAdd(ids, ops.ones([2, 2, 2]), { axis: 0, shape: [3, 2] }),
      ];
    });
    expect(out.map(({ shape, data }) => [shape, ...data])).toEqual([
      [[2, 2, 2], 5, 6, 1, 2, 5, 6, 5, 6],
      [[3, 1], 2, 4, 6],
      [[3, 2], 1, 1, 0, 0, 3, 3],
    ]);
  });

  // Rows of 2 are copied by a loop, rows of 70 at once.
  test.each([2, 70])("an index out of range reads NaN, 0 or false, never another row (%i columns), and adds nothing", async (columns) => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = ops.ones([2, 3, columns]);
      const rows = ops.tensor([-1, 1, 3], { dtype: "int32" });
      const places = ops.broadcastTo(ops.reshape(rows, [1, 3, 1]), [2, 3, columns]);
      const picked = [x, x.cast("int32"), x.cast("bool")].flatMap((of) => [
        ops.gather(of, rows, { axis: 1 }),
        ops.takeAlong(of, places, { axis: 1 }),
      ]);
      return [
        ...picked,
        ops.scatterAdd(rows, x, { axis: 1, shape: [2, 3, columns] }),
        ops.scatterAlong(places, x, { axis: 1, length: 3 }),
        ops.grad(() => ops.gather(x, rows, { axis: 1 }).sum(), [x])[0]!,
      ];
    });
    const rows = (...values: number[]): number[] => [...values, ...values].flatMap((value) => new Array<number>(columns).fill(value));
    const [numbers, wholes, added] = [rows(NaN, 1, NaN), rows(0, 1, 0), rows(0, 1, 0)];
    expect(out.map(({ data }) => [...data])).toEqual([numbers, numbers, wholes, wholes, wholes, wholes, added, added, added]);
  });

  test("oneHot of a class there is not is zeros; the padding row of an embedding gets no gradient", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const table = ops.ones([3, 2]);
      const ids = ops.tensor([0, 2, 2, 1], { dtype: "int32" });
      return [
        ops.oneHot(ops.tensor([1, -1, 3], { dtype: "int32" }), 3),
        ops.grad(() => ops.embedding(table, ids, { paddingIndex: 2 }).sum(), [table])[0]!,
      ];
    });
    expect(out.map(({ data }) => [...data])).toEqual([
      [0, 1, 0, 0, 0, 0, 0, 0, 0],
      [1, 1, 1, 1, 0, 0],
    ]);
  });

  test("checkIndices names the first that is out of bounds; float indices and wrong shapes are refused", async () => {
    const { device } = open();
    expect(() => ops.checkIndices("Embedding", Int32Array.of(0, 2), { count: 3 })).not.toThrow();
    expect(() => ops.checkIndices("Embedding", Int32Array.of(0, 3, -1), { count: 3 })).toThrow(
      new ops.DataError("Embedding: expected whole numbers from 0 to 2, got 3 at position 1."),
    );
    await device.compute(() => {
      const x = ops.zeros([2, 3]);
      expect(() => ops.gather(x, ops.zeros([1]), { axis: 0 })).toThrow(
        new ops.DtypeError('gather: expected a tensor of int32, got float32. Convert it with .cast("int32").'),
      );
      expect(() => ops.takeAlong(x, ops.range(2), { axis: 1 })).toThrow(
        new ops.ShapeError("takeAlong: expected indices of shape [2, 3] but for axis 1, got [2]."),
      );
      expect(() => ops.scatterAdd(ops.range(2), ops.zeros([3, 3]), { axis: 0, shape: [4, 3] })).toThrow(
        new ops.ShapeError("scatterAdd: expected updates of shape [2, 3], got [3, 3]."),
      );
    });
  });
});
