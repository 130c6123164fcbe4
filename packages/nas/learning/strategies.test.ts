import { beforeAll, describe, expect, test } from "vitest";
import { type Curve, compareStrategies, regretAt } from "./compare-strategies.ts";
import { mannWhitney } from "./mann-whitney.ts";
import { recordComparison } from "./record-comparison.ts";
import { distinctCells } from "./table/digit-cells.ts";
import { type CellTable, fullBudget, readTable, scoreAt } from "./table/read-table.ts";

/** A hundred and fifty trials of nine epochs with three seeds. */
const epochs = 150 * 27;
const seeds = 60;

test("Mann–Whitney: scipy's numbers", () => {
  // scipy.stats.mannwhitneyu(a, b, alternative="greater", method="asymptotic"), scipy 1.17.1.
  const [a, b] = [
    [3, 5, 8, 9, 12, 14, 14, 20],
    [1, 2, 5, 6, 7, 10, 14],
  ];
  const { u, p } = mannWhitney(a, b);
  expect(u).toBe(40.5);
  expect(p).toBeCloseTo(0.0815121921532852, 10);
  expect(mannWhitney([1, 1], [1, 1]).p).toBe(0.5);
  const far = mannWhitney(
    Array.from({ length: 60 }, (_, i) => 100 + i),
    Array.from({ length: 60 }, (_, i) => i),
  );
  expect(Math.log10(far.p)).toBeCloseTo(-20.749998515756317, 8);
});

describe("on the table", () => {
  let table: CellTable;
  let curves: ReadonlyMap<string, readonly Curve[]>;
  beforeAll(async () => {
    table = readTable();
    curves = await compareStrategies(table, { seeds, epochs });
    await recordComparison(table, { curves, epochs, seeds });
  }, 1_800_000);
  const regrets = (name: string, spent: number): number[] => curves.get(name)!.map((curve) => regretAt(curve, spent));
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

  test("it holds every distinct cell of the space once, whole", () => {
    expect(table.cells.map(({ key }) => key).sort()).toEqual(
      distinctCells()
        .map(({ key }) => key)
        .sort(),
    );
    expect(table.cells.length).toBeGreaterThanOrEqual(500);
    expect(table.seeds.length).toBeGreaterThanOrEqual(2);
    for (const { validation, test } of table.cells) {
      expect(validation.map((one) => one.length)).toEqual(table.seeds.map(() => table.epochs.length));
      expect([...validation.flat(), ...test].every((accuracy) => accuracy >= 0 && accuracy <= 1)).toBe(true);
    }
    expect(fullBudget(table)).toBe(27);
    expect(Math.max(...table.cells.map((cell) => scoreAt(table, cell, 27)))).toBeGreaterThan(0.8);
  });

  test.each(["regularised evolution", "TPE", "RL controller"])("%s beats random search with the same epochs: p < 0.01", (name) => {
    const { p } = mannWhitney(regrets("random search", epochs), regrets(name, epochs));
    expect(p).toBeLessThan(0.01);
  });

  test("Hyperband is where random search ends after a third of its epochs", () => {
    expect(mean(regrets("Hyperband", epochs / 3))).toBeLessThanOrEqual(mean(regrets("random search", epochs)));
  });
});
