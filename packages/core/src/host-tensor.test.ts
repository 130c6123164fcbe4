import fc from "fast-check";
import { expect, test } from "vitest";
import { ShapeError } from "./errors.ts";
import { fromNested, hostTensor, type NestedNumbers, permuteHost, toNested } from "./host-tensor.ts";
import { sizeOf } from "./shape.ts";

test("nested arrays become row-major data with their shape", () => {
  expect(
    fromNested([
      [1, 2, 3],
      [4, 5, 6],
    ]),
  ).toEqual({ shape: [2, 3], dtype: "float32", data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  expect(fromNested(7, "int32")).toEqual({ shape: [], dtype: "int32", data: Int32Array.of(7) });
});

test("empty levels have a shape too", () => {
  expect(fromNested([]).shape).toEqual([0]);
  expect(fromNested([[], []]).shape).toEqual([2, 0]);
});

test("there and back is the same tensor", () => {
  const tensors = fc
    .array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 })
    .chain((shape) =>
      fc
        .array(fc.float({ noNaN: true }), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
        .map((values) => hostTensor(Float32Array.from(values), shape)),
    );
  fc.assert(
    fc.property(tensors, (tensor) => {
      expect(fromNested(toNested(tensor))).toEqual(tensor);
    }),
  );
});

test("ragged arrays are an error that names the shape", () => {
  const ragged: NestedNumbers[] = [
    [[1, 2], [3]],
    [[1], [2, 3]],
    [1, [2]],
    [[1], 2],
    [
      [1, 2],
      [[3], 4],
    ],
  ];
  for (const values of ragged) expect(() => fromNested(values)).toThrow(ShapeError);
  expect(() => fromNested([[1, 2], [3]])).toThrow("[2, 2] by their first elements");
});

test("a host tensor knows its dtype by its array and holds it uncopied", () => {
  const data = Int32Array.of(1, 2);
  const tensor = hostTensor(data, [2, 1]);
  expect(tensor.dtype).toBe("int32");
  expect(tensor.data).toBe(data);
  expect(hostTensor(new Uint8Array(1), []).dtype).toBe("bool");
  expect(hostTensor(new Float64Array(0), [0, 3]).dtype).toBe("float64");
  expect(() => hostTensor(data, [3])).toThrow("hostTensor: expected 3 elements for shape [3], got 2.");
  expect(() => hostTensor(data, [0.5, 4])).toThrow("hostTensor: expected sizes that are whole numbers ≥ 0, got [0.5, 4].");
});

test("axes in another order: by hand, and back again", () => {
  const pairs = fromNested([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(toNested(permuteHost(pairs, [1, 0]))).toEqual([
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  const volume = hostTensor(
    Int32Array.from({ length: 24 }, (_, i) => i),
    [2, 3, 4],
  );
  const turned = permuteHost(volume, [2, 0, 1]);
  // Element [3, 1, 2] of the result is [1, 2, 3] of the source.
  expect([turned.shape, turned.data[3 * 6 + 1 * 3 + 2], turned.dtype]).toEqual([[4, 2, 3], 23, "int32"]);
  expect(permuteHost(turned, [1, 2, 0])).toEqual(volume);
  for (const order of [[0], [0, 0], [0, 2]]) expect(() => permuteHost(pairs, order)).toThrow("expected an order of the axes of [2, 3]");
});
