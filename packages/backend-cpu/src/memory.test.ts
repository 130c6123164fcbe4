import { ScopeError } from "@dl/core";
import { expect, test } from "vitest";
import { Memory } from "./memory.ts";

test("a freed buffer serves the next request of its length, and no other", () => {
  const memory = new Memory("float32");
  const first = memory.floats(10);
  memory.free(first);
  expect(memory.floats(11)).not.toBe(first);
  expect(memory.floats(10)).toBe(first);
  expect(memory.floats(10)).not.toBe(first);
  expect(memory.use).toEqual({ buffers: 3, bytes: 124, peakBytes: 124 });
});

test("zeros are zeros, also in a buffer used before", () => {
  const memory = new Memory("float64");
  const used = memory.floats(3).fill(7);
  memory.free(used);
  const zeros = memory.zeros("float32", 3);
  expect(zeros).toBe(used);
  expect(Array.from(zeros)).toEqual([0, 0, 0]);
});

test("the peak outlives what made it", () => {
  const memory = new Memory("float32");
  const large = memory.ints(1000);
  memory.free(large);
  memory.free(memory.bools(5));
  expect(memory.use).toEqual({ buffers: 0, bytes: 0, peakBytes: 4000 });
});

test("freed twice, freed elsewhere, used after closing: errors", () => {
  const memory = new Memory("float32");
  const buffer = memory.floats(2);
  memory.free(buffer);
  expect(() => memory.free(buffer)).toThrow(ScopeError);
  expect(() => memory.free(new Float32Array(2))).toThrow("got one freed before or made elsewhere");
  memory.close();
  expect(() => memory.floats(2)).toThrow("expected an open device");
});

test("freed buffers of ever new lengths do not pile up without limit", () => {
  const memory = new Memory("float32");
  const mebi = 2 ** 18; // floats
  const old = memory.floats(mebi);
  memory.free(old);
  // 60 shapes of 5 MiB each are more than the pool keeps: the first must be gone.
  for (let i = 0; i < 60; i++) memory.free(memory.floats(5 * mebi + i));
  expect(memory.floats(mebi)).not.toBe(old);
});
