/** Reshaping, joining, cutting, stretching: where each element goes. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import fc from "fast-check";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { onEach } from "../testing/reference-fixture.ts";

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
const counted = (shape: readonly number[]): ops.Tensor => ops.range(ops.sizeOf(shape)).reshape(shape);

onEach([cpu(), wasm()], (open) => {
  test("transpose moves the element at (i…) to the permuted place, and its inverse moves it back", () => {
    const { device } = open();
    const permuted = shapes.chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
    fc.assert(
      fc.property(permuted, ([shape, order]) => {
        const out = device.computeSync(() => {
          const moved = ops.transpose(counted(shape), order);
          return [
            moved,
            ops.transpose(
              moved,
              order.map((_, i) => order.indexOf(i)),
            ),
          ];
        }) as ops.HostTensor[];
        expect(out[0]!.shape).toEqual(order.map((axis) => shape[axis]));
        const strides = ops.stridesOf(shape);
        const places = ops.stridesOf(out[0]!.shape);
        out[0]!.data.forEach((value, at) => {
          const source = order.reduce((sum, axis, i) => sum + (Math.floor(at / places[i]!) % out[0]!.shape[i]!) * strides[axis]!, 0);
          expect(value).toBe(source);
        });
        expect([...out[1]!.data]).toEqual([...out[1]!.data.keys()]);
      }),
      { numRuns: 50 },
    );
  });

  test("what is split and joined again, stacked and unstacked, padded and sliced, flipped twice, is unchanged", () => {
    const { device } = open();
    const cut = shapes.chain((shape) =>
      fc
        .tuple(fc.constant(shape), fc.integer({ min: 0, max: shape.length - 1 }))
        .chain(([sizes, axis]) => fc.tuple(fc.constant(sizes), fc.constant(axis), fc.integer({ min: 0, max: sizes[axis]! }))),
    );
    fc.assert(
      fc.property(cut, ([shape, axis, first]) => {
        const out = device.computeSync(() => {
          const x = counted(shape);
          return [
            ops.concat(ops.split(x, [first, shape[axis]! - first], { axis }), { axis }),
            ops.stack(ops.unstack(x, { axis }), { axis }),
            ops.slice(
              ops.pad(
                x,
                shape.map(() => [1, 2] as const),
                { value: -1 },
              ),
              shape.map(() => 1),
              { sizes: shape },
            ),
            ops.flip(ops.flip(x, axis), [axis]),
          ];
        });
        for (const { shape: found, data } of out) expect([found, [...data]]).toEqual([shape, [...data.keys()]]);
      }),
      { numRuns: 50 },
    );
  });

  test("by hand", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const x = counted([2, 3]);
      return [
        ops.slice(x, [0, -2]),
        ops.slice(x, [0, 0], { steps: [1, 2] }),
        ops.narrow(x, -1, { start: 1, size: 1 }),
        ops.tile(x, [1, 2]),
        ops.repeat(x, 2, { axis: -1 }),
        ops.pad(
          x,
          [
            [0, 0],
            [2, 1],
          ],
          { mode: "reflect" },
        ),
        ops.pad(
          x,
          [
            [0, 1],
            [1, 0],
          ],
          { mode: "replicate" },
        ),
        ops.swapAxes(x, 0, -1),
        ops
          .flatten(ops.zeros([2, 3, 4]))
          .cast("int32")
          .slice([0, 0], [1, 1]),
        ops.squeeze(x.reshape([1, 2, 1, 3])),
        ops.expandDims(x, -1),
        ops.broadcastTo(x.slice([0, 0], [2, 1]), [2, 2, 2]),
      ];
    });
    expect(out.map(({ shape, data }) => [shape, ...data])).toEqual([
      [[2, 2], 1, 2, 4, 5],
      [[2, 2], 0, 2, 3, 5],
      [[2, 1], 1, 4],
      [[2, 6], 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5],
      [[2, 6], 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
      [[2, 6], 2, 1, 0, 1, 2, 1, 5, 4, 3, 4, 5, 4],
      [[3, 4], 0, 0, 1, 2, 3, 3, 4, 5, 3, 3, 4, 5],
      [[3, 2], 0, 3, 1, 4, 2, 5],
      [[1, 1], 0],
      [[2, 3], 0, 1, 2, 3, 4, 5],
      [[2, 3, 1], 0, 1, 2, 3, 4, 5],
      [[2, 2, 2], 0, 0, 3, 3, 0, 0, 3, 3],
    ]);
  });
});
