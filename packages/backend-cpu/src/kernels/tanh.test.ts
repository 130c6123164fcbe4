import { expect, test } from "vitest";
import { tanhForFloat32 } from "./tanh.ts";

test("float32 tanh is Math.tanh, to the last bit or the one before it, and odd", () => {
  const bits = new Int32Array(2);
  const floats = new Float32Array(bits.buffer);
  let [others, farthest] = [0, 0];
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    // Every size from 2⁻²⁰ to 2⁴.
    const x = Math.fround(2 ** ((24 * i) / count - 20));
    floats[0] = tanhForFloat32(x);
    floats[1] = Math.tanh(x);
    farthest = Math.max(farthest, Math.abs(bits[0]! - bits[1]!), tanhForFloat32(-x) === -tanhForFloat32(x) ? 0 : Infinity);
    if (bits[0] !== bits[1]) others++;
  }
  expect(farthest).toBe(1);
  expect(others / count).toBeLessThan(0.01);
});

test("it ends at ±1, keeps the sign of zero, and lets NaN through", () => {
  for (const [x, y] of [
    [Infinity, 1],
    [-Infinity, -1],
    [50, 1],
    [-9.5, -1],
  ] as const)
    expect(Math.fround(tanhForFloat32(x))).toBe(y);
  expect(tanhForFloat32(0)).toBe(0);
  expect(tanhForFloat32(-0)).toBe(-0);
  expect(tanhForFloat32(Number.NaN)).toBeNaN();
  expect(Math.fround(tanhForFloat32(2 ** -149))).toBe(2 ** -149);
});
