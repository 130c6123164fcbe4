import { expect, test } from "vitest";
import { connectionTimeoutOf } from "./prediction-server.ts";

test("a connection outlives the longest wait for an answer", () => {
  expect(connectionTimeoutOf(10_000)).toBe(60_000);
  expect(connectionTimeoutOf(600_000)).toBe(630_000);
  expect(connectionTimeoutOf(120_000.5)).toBe(150_001);
  expect(connectionTimeoutOf(1e12)).toBe(2 ** 31 - 1);
});
