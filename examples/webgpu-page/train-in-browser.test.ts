/** The page's training, in the browser. */

import { expect, test } from "vitest";
import { train } from "./train.ts";

test("fifty steps of LeNet on WebGPU learn in a page", async () => {
  const lines: string[] = [];
  const { device, losses } = await train({ steps: 50, onStep: (line) => lines.push(line) });
  expect(device).toMatch(/^webgpu \(/);
  expect(lines.length).toBe(51);
  const mean = (some: readonly number[]): number => some.reduce((sum, loss) => sum + loss, 0) / some.length;
  // Ten classes: ln 10 = 2.3 to begin with.
  expect(mean(losses.slice(0, 5))).toBeGreaterThan(2);
  expect(mean(losses.slice(-5))).toBeLessThan(1.5);
});
