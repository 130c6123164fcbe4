import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { argsort, grad, OptionError, sort, tensor, topK, transpose } from "../index.ts";
import { onEach } from "../testing/reference-fixture.ts";

onEach([cpu(), wasm()], (open) => {
  test("argsort is stable in both directions, and NaN comes last", () => {
    const { device } = open();
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(-2, -1, 0, 1, 2, Number.NaN), { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        (values, descending) => {
          const { data } = device.computeSync(() => argsort(tensor(values), { descending }));
          const expected = values
            .map((value, i) => ({ value, i }))
            .sort((a, b) => {
              if (Number.isNaN(a.value) || Number.isNaN(b.value))
                return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value)) || a.i - b.i;
              return (descending ? b.value - a.value : a.value - b.value) || a.i - b.i;
            })
            .map(({ i }) => i);
          expect([...data]).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("topK is the head of the descending sort, along any axis, of ints too", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = tensor(
        [
          [3, 1, 2],
          [9, 7, 8],
        ],
        { dtype: "int32" },
      );
      const best = topK(x, 2);
      const columns = topK(x, 1, { axis: 0 });
      const sorted = sort(x, { axis: 0, descending: true });
      return [best.values, best.indices, columns.values, columns.indices, sorted.values, topK(x, 0).values];
    });
    expect(out.map(({ shape, data }) => [shape, ...data])).toEqual([
      [[2, 2], 3, 2, 9, 8],
      [[2, 2], 0, 2, 0, 2],
      [[1, 3], 9, 7, 8],
      [[1, 3], 1, 1, 1],
      [[2, 3], 9, 7, 8, 3, 1, 2],
      [[2, 0]],
    ]);
  });

  test("the smallest are the head of the ascending sort: of equals the first, NaN last, and slopes go back to their places", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = tensor([[5, 1, Number.NaN, 1, 0.5]]);
      const { values, indices } = topK(x, 4, { largest: false });
      const columns = topK(transpose(x, [1, 0]), 2, { axis: 0, largest: false });
      const [slope] = grad(
        () =>
          topK(x, 2, { largest: false })
            .values.mul(tensor([10, 20]))
            .sum(),
        [x],
      );
      return [values, indices, columns.values, slope!];
    });
    expect(out.map(({ data }) => [...data])).toEqual([
      [0.5, 1, 1, 5],
      [4, 1, 3, 0],
      [0.5, 1],
      [0, 20, 0, 0, 10],
    ]);
  });

  test("more than there are is refused", async () => {
    const { device } = open();
    await device.compute(() => {
      expect(() => topK(tensor([1, 2]), 3)).toThrow(new OptionError("topK: expected k from 0 to 2, the length of axis -1, got 3."));
    });
  });
});
