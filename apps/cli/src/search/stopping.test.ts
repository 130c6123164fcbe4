import { integer, record } from "@dl/nas";
import { expect, test } from "vitest";
import { stoppingNamed, stoppingOf } from "./stopping.ts";

const problem = { name: "hill", title: "A hill", space: record({ x: integer(0, 9) }), objectives: { height: "maximize" } } as const;

test("rungs are three times as far from each other, from the least budget to below the most", () => {
  const judges = (budgets: readonly [number, number] | undefined): number[] => {
    const rule = stoppingOf("rungs", { ...problem, ...(budgets && { budgets }) })!;
    // The second to come to a rung is worse: at others nobody is stopped.
    return Array.from({ length: 30 }, (_, i) => i + 1).filter((step) => {
      rule.goesOn(0, { step, score: 2 });
      return !rule.goesOn(1, { step, score: 1 });
    });
  };
  expect(judges([1, 9])).toEqual([1, 3]);
  expect(judges([2, 20])).toEqual([2, 6, 18]);
  expect(judges([4, 4])).toEqual([4]);
  expect(judges(undefined)).toEqual([1, 3, 9, 27]);
});

test("none is none, and another name is told", () => {
  expect(stoppingOf("none", problem)).toBeUndefined();
  expect(stoppingOf("median", problem)).toBeDefined();
  expect(() => stoppingNamed("mean")).toThrow('--stopping: expected none, median, rungs, got "mean"');
});
