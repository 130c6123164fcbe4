import { expect, test } from "vitest";
import { digitOf } from "./digit.ts";

/** Ink in a rectangle of a drawing of 100 × 100. */
function drawing({ left, top, width, height }: { left: number; top: number; width: number; height: number }) {
  const data = new Float32Array(100 * 100);
  for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) data[y * 100 + x] = 1;
  return { size: 100, data };
}

test("an empty drawing is no digit", () => {
  expect(digitOf({ size: 100, data: new Float32Array(10_000) })).toBeUndefined();
});

test("a stroke fills the box of 20 pixels whatever its size, with its ink in the middle", () => {
  const large = digitOf(drawing({ left: 10, top: 5, width: 20, height: 80 }))!;
  const small = digitOf(drawing({ left: 70, top: 60, width: 5, height: 20 }))!;
  expect(Array.from(large)).toEqual(Array.from(small));
  const rows = Array.from({ length: 28 }, (_, y) => large.subarray(28 * y, 28 * (y + 1)).reduce((sum, ink) => sum + ink, 0));
  // 20 rows of 5 pixels: 4 empty ones above and below.
  expect(rows).toEqual([...Array(4).fill(0), ...Array(20).fill(5), ...Array(4).fill(0)]);
});

test("a drawing that is heavier on one side is moved to the other, and stays within the picture", () => {
  const { size, data } = drawing({ left: 0, top: 0, width: 100, height: 4 });
  for (let y = 0; y < 100; y++) for (let x = 0; x < 4; x++) data[100 * y + x] = 1;
  const digit = digitOf({ size, data })!;
  let [sum, x] = [0, 0];
  digit.forEach((ink, at) => {
    sum += ink;
    x += ink * (at % 28);
  });
  // Its own middle is at a third; whole pixels, and a box that ends at the edge, leave less than one.
  expect(Math.abs(x / sum - 13.5)).toBeLessThan(1);
});
