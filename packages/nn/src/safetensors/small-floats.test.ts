import fc from "fast-check";
import { expect, test } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./small-floats.ts";

const half = (value: number): number => float32ToFloat16(Float32Array.of(value))[0]!;
const brain = (value: number): number => float32ToBfloat16(Float32Array.of(value))[0]!;

test("float16 by hand: one, the largest, the first that overflows, the smallest, halves to even", () => {
  expect(half(1)).toBe(0x3c00);
  expect(half(-2)).toBe(0xc000);
  expect(half(-0)).toBe(0x8000);
  expect(half(65_504)).toBe(0x7bff);
  expect(half(65_519.996)).toBe(0x7bff);
  expect(half(65_520)).toBe(0x7c00);
  expect(half(2 ** -24)).toBe(1);
  expect(half(2 ** -25)).toBe(0); // halfway to the smallest: to even
  expect(half(2 ** -25 * 1.0001)).toBe(1);
  expect(half(1.5 * 2 ** -24)).toBe(2);
  expect(half(1 + 2 ** -11)).toBe(0x3c00); // halfway: to even
  expect(half(1 + 3 * 2 ** -11)).toBe(0x3c02);
  expect(half(2 ** -14 * (1 - 2 ** -12))).toBe(0x0400); // rounds up out of the subnormals
});

test("bfloat16 by hand: one, halves to even, overflow", () => {
  expect(brain(1)).toBe(0x3f80);
  expect(brain(1 + 2 ** -8)).toBe(0x3f80); // halfway: to even
  expect(brain(1 + 3 * 2 ** -8)).toBe(0x3f82);
  expect(brain(1 + 2 ** -8 + 2 ** -20)).toBe(0x3f81);
  expect(brain(3.4028234663852886e38)).toBe(0x7f80);
  expect(brain(-Infinity)).toBe(0xff80);
});

test("NaN stays NaN, even when its payload is in the bits cut off", () => {
  const sneaky = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001).buffer);
  expect([...float16ToFloat32(float32ToFloat16(sneaky))]).toEqual([NaN, NaN]);
  expect([...bfloat16ToFloat32(float32ToBfloat16(sneaky))]).toEqual([NaN, NaN]);
});

test("law: every one of the 65,536 patterns survives the trip to float32 and back", () => {
  const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
  const numbers = (values: Float32Array): Uint16Array => all.filter((bits) => !Number.isNaN(values[bits]!));
  const halves = numbers(float16ToFloat32(all));
  expect(float32ToFloat16(float16ToFloat32(halves))).toEqual(halves);
  expect(halves.length).toBe(65_536 - 2 * 1023);
  const brains = numbers(bfloat16ToFloat32(all));
  expect(float32ToBfloat16(bfloat16ToFloat32(brains))).toEqual(brains);
});

test("law: rounding picks the nearest of the two neighbours, the even one when both are as near", () => {
  fc.assert(
    fc.property(fc.float({ min: Math.fround(-65_000), max: Math.fround(65_000), noNaN: true }), (value) => {
      const bits = half(value);
      const near = float16ToFloat32(Uint16Array.of(bits, bits + 1, Math.max(0, (bits & 0x7fff) - 1) | (bits & 0x8000)));
      const distance = Math.abs(near[0]! - value);
      for (const other of near.subarray(1)) {
        expect(distance).toBeLessThanOrEqual(Math.abs(other - value));
        if (other !== near[0] && distance === Math.abs(other - value)) expect(bits % 2).toBe(0);
      }
    }),
  );
});
