import { fromNested, hostTensor, Rng } from "@dl/core";
import { expect, test } from "vitest";
import { fromSaved, generative } from "../../fixtures/generative.ts";
import { InceptionScore, inceptionScoreOfParts } from "./inception-score.ts";
import { kernelDistance } from "./kernel-distance.ts";
import { manifoldScores } from "./manifold-scores.ts";

test.each(generative.features)("kernel distance by numpy", ({ a, b, kid_unbiased_poly3 }) => {
  const { mean } = kernelDistance({ real: fromSaved(a), generated: fromSaved(b) });
  expect(Math.abs(mean / kid_unbiased_poly3 - 1)).toBeLessThan(1e-10);
});

test("kernel distance: subsets of everything are the whole, smaller ones agree on average", () => {
  const real = new Rng(1).normal([60, 4]);
  const generated = new Rng(2).normal([60, 4], 1);
  const whole = kernelDistance({ real, generated });
  const all = kernelDistance({ real, generated }, { subsets: { count: 3, size: 60, rng: new Rng(3) } });
  expect(all.mean).toBeCloseTo(whole.mean, 9);
  expect(all.standardDeviation).toBeLessThan(1e-9);
  const parts = kernelDistance({ real, generated }, { subsets: { count: 300, size: 20, rng: new Rng(4) } });
  expect(Math.abs(parts.mean - whole.mean)).toBeLessThan((4 * parts.standardDeviation) / Math.sqrt(300));
  expect(parts.standardDeviation).toBeGreaterThan(0);
});

/** The mean standard error ÷ the spread of the values it is of, which forty of them know to a tenth. */
const honesty = (found: readonly { readonly value: number; readonly error: number }[]): number => {
  const average = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  const centre = average(found.map(({ value }) => value));
  return average(found.map(({ error }) => error)) / Math.sqrt(average(found.map(({ value }) => (value - centre) ** 2)));
};

test("precision and recall by bootstrap: the same scores, and how much they move with other rows of the same kind", () => {
  const rng = new Rng(9);
  const draw = () => ({ real: rng.normal([80, 2]), generated: rng.normal([80, 2], 0.5) });
  const found = Array.from({ length: 40 }, () => {
    const inputs = draw();
    const { standardErrors, ...scores } = manifoldScores(inputs, { bootstrap: { resamples: 20, rng } });
    expect(scores).toEqual(manifoldScores(inputs));
    return { scores, errors: standardErrors! };
  });
  for (const name of ["precision", "recall"] as const) {
    const ratio = honesty(found.map(({ scores, errors }) => ({ value: scores[name], error: errors[name] })));
    expect(ratio, name).toBeGreaterThan(0.6);
    expect(ratio, name).toBeLessThan(1.7);
  }
  expect(() => manifoldScores(draw(), { bootstrap: { resamples: 2, rng } })).toThrow(
    "manifoldScores: expected at least 10 resamples, got 2",
  );
});

test("kernel distance by bootstrap: the estimate over all rows, and how much it moves with other rows of the same kind", () => {
  const rng = new Rng(8);
  const draw = () => ({ real: rng.normal([100, 3]), generated: rng.normal([100, 3], 0.7) });
  const found = Array.from({ length: 40 }, () => {
    const inputs = draw();
    const { mean, standardError } = kernelDistance(inputs, { bootstrap: { resamples: 20, rng } });
    expect(mean).toBeCloseTo(kernelDistance(inputs).mean, 9);
    return { value: mean, error: standardError! };
  });
  const ratio = honesty(found);
  expect(ratio).toBeGreaterThan(0.7);
  expect(ratio).toBeLessThan(1.4);
  const few = { real: fromNested([[0], [1]]), generated: fromNested([[0], [1]]) };
  expect(() => kernelDistance(few, { bootstrap: { resamples: 30, rng } })).toThrow(
    "expected at least 10 rows on each side for a bootstrap",
  );
  expect(() => kernelDistance(draw(), { bootstrap: { resamples: 1, rng } })).toThrow("expected at least 10 resamples, got 1");
  const both = { bootstrap: { resamples: 30, rng }, subsets: { count: 1, size: 10, rng } };
  expect(() => kernelDistance(draw(), both)).toThrow("expected subsets or a bootstrap, got both");
});

test("kernel distance of two samples of one distribution is about 0 on either side", () => {
  const rng = new Rng(5);
  const values = Array.from({ length: 40 }, () => kernelDistance({ real: rng.normal([50, 3]), generated: rng.normal([50, 3]) }).mean);
  expect(Math.min(...values)).toBeLessThan(0);
  expect(Math.abs(values.reduce((a, b) => a + b) / 40)).toBeLessThan(0.05);
});

test("Inception Score by numpy, whole and in parts", () => {
  const { probs, splits, mean, std, single_split } = generative.inception;
  const probabilities = hostTensor(Float64Array.from(probs.flat()), [probs.length, probs[0]!.length]);
  const score = new InceptionScore({ classes: 6 });
  score.update({ probabilities });
  expect(score.result()).toBeCloseTo(single_split, 10);
  const parts = inceptionScoreOfParts(probabilities, { parts: splits });
  expect(parts.mean).toBeCloseTo(mean, 10);
  expect(parts.standardDeviation).toBeCloseTo(std, 10);
});

test("Inception Score is 1 for one answer to everything, and the number of classes for sure and even ones", () => {
  const scoreOf = (rows: number[][]): number => inceptionScoreOfParts(fromNested(rows), { parts: 1 }).mean;
  expect(
    scoreOf([
      [0.25, 0.75],
      [0.25, 0.75],
    ]),
  ).toBeCloseTo(1, 12);
  expect(
    scoreOf([
      [0, 1, 0],
      [1, 0, 0],
      [0, 0, 1],
    ]),
  ).toBeCloseTo(3, 12);
});

test("Inception Score of parts merged is that of the whole, and a restored state goes on", () => {
  const probabilities = fromNested([
    [0.2, 0.8],
    [0.9, 0.1],
    [0.5, 0.5],
  ]);
  const [whole, a, b, resumed] = [0, 1, 2, 3].map(() => new InceptionScore({ classes: 2 })) as [
    InceptionScore,
    InceptionScore,
    InceptionScore,
    InceptionScore,
  ];
  whole.update({ probabilities });
  a.update({ probabilities: fromNested([[0.2, 0.8]]) });
  b.update({
    probabilities: fromNested([
      [0.9, 0.1],
      [0.5, 0.5],
    ]),
  });
  a.merge(b);
  expect(a.result()).toBeCloseTo(whole.result(), 12);
  resumed.restore(JSON.parse(JSON.stringify(a.state())));
  expect(resumed.result()).toBe(a.result());
});

test("manifolds by hand: balls to the nearest neighbour on a line", () => {
  const real = fromNested([[0], [1], [2], [3]]);
  const generated = fromNested([[0], [1.5], [9], [10]]);
  // Real balls have radius 1; generated ones 1.5, 1.5, 1, 1.
  expect(manifoldScores({ real, generated }, { neighbours: 1 })).toEqual({
    precision: 2 / 4, // 0 and 1.5
    recall: 4 / 4, // all within 1.5 of 0 or of 1.5
    density: (2 + 2) / 4, // 0 lies in the balls of 0 and 1; 1.5 in those of 1 and 2
    coverage: 3 / 4, // 0, 1, 2
  });
});

test("manifolds: a set covers itself; a far one nothing; one mode of two has recall of half", () => {
  const real = new Rng(1).normal([40, 3]);
  expect(manifoldScores({ real, generated: real })).toMatchObject({ precision: 1, recall: 1, coverage: 1 });
  const far = hostTensor(
    real.data.map((x) => x + 100),
    real.shape,
  );
  expect(manifoldScores({ real, generated: far })).toEqual({ precision: 0, recall: 0, density: 0, coverage: 0 });
  const both = hostTensor(Float32Array.of(...(real.data as Float32Array), ...(far.data as Float32Array)), [80, 3]);
  expect(manifoldScores({ real: both, generated: real }).recall).toBe(0.5);
  expect(manifoldScores({ real: both, generated: real }).precision).toBe(1);
});

test("what does not fit is an error", () => {
  const two = fromNested([[0], [1]]);
  expect(() =>
    kernelDistance({
      real: two,
      generated: fromNested([
        [0, 1],
        [1, 2],
      ]),
    }),
  ).toThrow("expected generated [N, 1], got [2, 2]");
  expect(() => kernelDistance({ real: fromNested([[0]]), generated: two })).toThrow("expected at least 2 rows of real, got 1");
  expect(() => kernelDistance({ real: two, generated: two }, { subsets: { count: 1, size: 3, rng: new Rng(1) } })).toThrow("2 to 2 rows");
  expect(() => manifoldScores({ real: two, generated: two })).toThrow("expected neighbours from 1 to 1, one less than the rows, got 3");
  const score = new InceptionScore({ classes: 2 });
  expect(() => score.update({ probabilities: fromNested([[3, -1]]) })).toThrow("expected probabilities from 0 to 1");
  expect(() => score.update({ probabilities: fromNested([[1]]) })).toThrow("expected probabilities [N, 2], got [1, 1]");
  expect(() => score.result()).toThrow("at least one update");
  expect(() => inceptionScoreOfParts(fromNested([[0.5, 0.5]]), { parts: 2 })).toThrow("expected parts that divide 1 rows, got 2");
});
