import fc from "fast-check";
import { expect, test } from "vitest";
import { multilabelProblems } from "../../fixtures/classification.ts";
import { LabelRanking } from "./label-ranking.ts";

test.each(multilabelProblems)("scikit-learn: label ranking average precision, coverage error, ranking loss", (problem) => {
  const ranking = new LabelRanking({ labelCount: problem.y_true[0]!.length });
  ranking.update({ labels: problem.y_true.flat(), scores: problem.scores.flat() });
  const { averagePrecision, coverageError, rankingLoss } = ranking.result();
  expect(averagePrecision).toBeCloseTo(problem.lrap, 12);
  expect(coverageError).toBeCloseTo(problem.coverage_error, 12);
  expect(rankingLoss).toBeCloseTo(problem.ranking_loss, 12);
});

test("by hand: equal scores count as the wrong order; examples of one kind alone are perfect", () => {
  const of = (labels: number[], scores: number[]) => {
    const ranking = new LabelRanking({ labelCount: labels.length });
    ranking.update({ labels, scores });
    return ranking.result();
  };
  expect(of([1, 0, 1], [0.5, 0.5, 0.9])).toEqual({ averagePrecision: (2 / 3 + 1) / 2, coverageError: 3, rankingLoss: 0.5 });
  expect(of([0, 0], [0.1, 0.2])).toEqual({ averagePrecision: 1, coverageError: 0, rankingLoss: 0 });
  expect(of([1, 1], [0.1, 0.2])).toEqual({ averagePrecision: 1, coverageError: 2, rankingLoss: 0 });
});

test("in parts, merged, weighted and restored it is the whole; what is ignored is not there", () => {
  const row = fc.tuple(
    fc.array(fc.constantFrom(0, 1), { minLength: 3, maxLength: 3 }),
    fc.array(fc.nat(4), { minLength: 3, maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 8 }), (rows) => {
      const [whole, first, second, twice] = [0, 1, 2, 3].map(() => new LabelRanking({ labelCount: 3 }));
      const update = (metric: LabelRanking, some: typeof rows, weight = 1): void => {
        if (some.length > 0) {
          metric.update({
            labels: some.flatMap(([labels]) => labels),
            scores: some.flatMap(([, scores]) => scores),
            weights: some.map(() => weight),
          });
        }
      };
      update(whole!, rows);
      update(first!, rows.slice(0, 1));
      update(second!, rows.slice(1));
      first!.merge(second!);
      update(twice!, rows, 2);
      const restored = new LabelRanking({ labelCount: 3 });
      restored.restore(JSON.parse(JSON.stringify(first!.state())));
      for (const other of [first!, twice!, restored]) {
        for (const [name, value] of Object.entries(whole!.result())) {
          expect(other.result()[name as "rankingLoss"]).toBeCloseTo(value, 12);
        }
      }
    }),
  );
  const ignoring = new LabelRanking({ labelCount: 3, ignoreLabel: -1 });
  ignoring.update({ labels: [1, -1, 0], scores: [0.3, 0.9, 0.1] });
  expect(ignoring.result()).toEqual({ averagePrecision: 1, coverageError: 1, rankingLoss: 0 });
});

test("wrong use says so", () => {
  expect(() => new LabelRanking({ labelCount: 0 })).toThrow("expected a labelCount of at least 1, got 0");
  const ranking = new LabelRanking({ labelCount: 2 });
  expect(() => ranking.result()).toThrow("at least one update");
  expect(() => ranking.update({ labels: [1, 0], predictions: [1, 0] } as never)).toThrow("expected scores, which have an order");
  expect(() => ranking.update({ labels: [1, 0, 1], scores: [1, 0, 1] })).toThrow("expected rows of 2 labels, got 3");
  expect(() => ranking.merge(new LabelRanking({ labelCount: 3 }))).toThrow("got 2 and 3");
});
