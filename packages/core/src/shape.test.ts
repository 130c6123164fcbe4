import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OptionError, ShapeError } from "./errors.ts";
import { axisView, broadcastShapes, checkShape, formatShape, normalizeAxes, normalizeAxis, sameShape, sizeOf, stridesOf } from "./shape.ts";

const shapes = fc.array(fc.nat(5), { maxLength: 6 });

/** A shape, and two that broadcast to it: axes set to one, leading ones dropped. */
const broadcastable = fc.array(fc.tuple(fc.nat(4), fc.boolean(), fc.boolean()), { maxLength: 5 }).chain((axes) =>
  fc.tuple(fc.nat(axes.length), fc.nat(axes.length)).map(([dropA, dropB]) => {
    // Whole in at least one of the two: an axis both had as one would be one in the result.
    const a = axes.map(([size, stretched]) => (stretched ? 1 : size));
    const b = axes.map(([size, stretched, other]) => (!stretched && other ? 1 : size));
    const drop = (shape: number[], count: number): number[] => {
      let ones = 0;
      while (ones < count && shape[ones] === 1) ones++;
      return shape.slice(ones);
    };
    return { a: drop(a, dropA), b: drop(b, dropB) };
  }),
);

test("the size is the product, of a scalar 1, of any empty axis 0", () => {
  expect([sizeOf([]), sizeOf([3]), sizeOf([2, 3, 4]), sizeOf([2, 0, 4])]).toEqual([1, 3, 24, 0]);
});

test("shapes are the same when every axis is", () => {
  expect(sameShape([2, 3], [2, 3])).toBe(true);
  expect(sameShape([2, 3], [3, 2])).toBe(false);
  expect(sameShape([2], [2, 1])).toBe(false);
  expect(formatShape([2, 3])).toBe("[2, 3]");
});

describe("broadcasting", () => {
  test("worked by hand", () => {
    expect(broadcastShapes("add", [2, 1, 4], [3, 1])).toEqual([2, 3, 4]);
    expect(broadcastShapes("add", [], [5])).toEqual([5]);
    expect(broadcastShapes("add", [0], [1])).toEqual([0]);
    expect(broadcastShapes("add", [1], [0])).toEqual([0]);
  });

  test("is symmetric, keeps a shape with itself and with a scalar, and takes each axis from the one that has it", () => {
    fc.assert(
      fc.property(broadcastable, ({ a, b }) => {
        const shape = broadcastShapes("add", a, b);
        expect(broadcastShapes("add", b, a)).toEqual(shape);
        expect(broadcastShapes("add", shape, a)).toEqual(shape);
        expect(broadcastShapes("add", shape, shape)).toEqual(shape);
        expect(broadcastShapes("add", shape, [])).toEqual(shape);
        expect(shape.length).toBe(Math.max(a.length, b.length));
      }),
    );
  });

  test("says which axis does not fit", () => {
    expect(() => broadcastShapes("add", [2, 3], [4, 3])).toThrow(ShapeError);
    expect(() => broadcastShapes("add", [2, 3], [4, 3])).toThrow("add: expected shapes that broadcast");
    expect(() => broadcastShapes("add", [2, 3], [4, 3])).toThrow("axis −2 is 2 and 4");
    expect(() => broadcastShapes("add", [0], [2])).toThrow("axis −1 is 0 and 2");
  });
});

describe("axes", () => {
  test("count from the front, and negative from the back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(7), (rank, axis) => {
        fc.pre(axis < rank);
        expect(normalizeAxis("sum", axis, rank)).toBe(axis);
        expect(normalizeAxis("sum", axis - rank, rank)).toBe(axis);
      }),
    );
  });

  test("outside the rank they are an error that names the range", () => {
    expect(() => normalizeAxis("sum", 2, 2)).toThrow("sum: expected an axis from -2 to 1, got 2.");
    expect(() => normalizeAxis("sum", -3, 2)).toThrow(OptionError);
    expect(() => normalizeAxis("sum", 0.5, 2)).toThrow(OptionError);
    expect(() => normalizeAxis("sum", 0, 0)).toThrow("got a scalar");
  });

  test("a list is sorted and distinct, one stands for itself, none for all", () => {
    expect(normalizeAxes("sum", [-1, 0], 3)).toEqual([0, 2]);
    expect(normalizeAxes("sum", -1, 3)).toEqual([2]);
    expect(normalizeAxes("sum", undefined, 3)).toEqual([0, 1, 2]);
    expect(normalizeAxes("sum", undefined, 0)).toEqual([]);
    expect(() => normalizeAxes("sum", [1, -2], 3)).toThrow("expected distinct axes, got [1, -2]");
  });
});

describe("addresses", () => {
  test("strides of a row-major tensor, worked by hand", () => {
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
    expect(stridesOf([])).toEqual([]);
  });

  test("strides and the axis view find the same element", () => {
    const place = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(1000)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(place, fc.nat(1000), (axes, choice) => {
        const shape = axes.map(([size]) => size);
        const at = axes.map(([size, index]) => index % size);
        const strides = stridesOf(shape);
        const address = at.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
        const axis = choice % shape.length;
        const { length, inner } = axisView(shape, axis);
        const outerIndex = Math.floor(address / (length * inner));
        const innerIndex = address % inner;
        expect((outerIndex * length + at[axis]!) * inner + innerIndex).toBe(address);
      }),
    );
  });

  test("an axis view covers the tensor", () => {
    fc.assert(
      fc.property(shapes, fc.nat(5), (shape, axis) => {
        fc.pre(axis < shape.length);
        const { outer, length, inner } = axisView(shape, axis);
        expect(outer * length * inner).toBe(sizeOf(shape));
        expect(length).toBe(shape[axis]);
      }),
    );
  });
});

test("sizes are whole, not negative, and few enough to be addressed", () => {
  expect(() => checkShape("zeros", [2, 0, 3])).not.toThrow();
  expect(() => checkShape("zeros", [2, -1])).toThrow("zeros: expected sizes that are whole numbers ≥ 0, got [2, -1].");
  expect(() => checkShape("zeros", [1.5])).toThrow(ShapeError);
  expect(() => checkShape("zeros", [NaN])).toThrow(ShapeError);
  expect(() => checkShape("zeros", [2 ** 16, 2 ** 15])).toThrow("at most 2³¹ − 1 elements");
});
