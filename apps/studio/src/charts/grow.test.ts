import { expect, test } from "vitest";
import { GrowingLine, smoothed } from "./grow.ts";

test("a line never grows beyond its limit, and still spans all of it in order", () => {
  const line = new GrowingLine();
  for (let i = 0; i < 50_000; i++) line.push(i, i);
  expect(line.x.length).toBeLessThanOrEqual(2001);
  expect(line.x.length).toBeGreaterThan(900);
  expect(line.x[0]).toBe(0);
  expect(line.x.at(-1)).toBeGreaterThan(49_900);
  expect([...line.x].sort((a, b) => a - b)).toEqual([...line.x]);
});

test("what is no number is no point", () => {
  const line = new GrowingLine();
  line.push(1, Number.NaN);
  line.push(2, 5);
  expect(line.points).toEqual({ x: [2], y: [5] });
});

test("smoothing leaves a constant alone, from its first point on", () => {
  for (const value of smoothed([3, 3, 3, 3])) expect(value).toBeCloseTo(3, 12);
});
