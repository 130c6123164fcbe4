import { expect, test } from "vitest";
import { multilabelProblems } from "../../fixtures/classification.ts";
import { MultilabelAgreement } from "./multilabel-agreement.ts";

test.each(multilabelProblems)("scikit-learn: subset accuracy and Hamming loss", (problem) => {
  const agreement = new MultilabelAgreement({ labelCount: 4 });
  agreement.update({ labels: problem.y_true.flat(), scores: problem.scores.flat() });
  expect(agreement.result().subsetAccuracy).toBeCloseTo(problem.subset_accuracy, 12);
  expect(agreement.result().hammingLoss).toBeCloseTo(problem.hamming_loss, 12);
});

test("logits have their threshold at 0", () => {
  const agreement = new MultilabelAgreement({ labelCount: 2, threshold: 0 });
  agreement.update({ labels: [1, 0], scores: [0.1, -0.1] });
  expect(agreement.result()).toEqual({ subsetAccuracy: 1, hammingLoss: 0 });
});

test("parts merged are the whole, and a restored state goes on", () => {
  const [a, b, resumed] = [0, 1, 2].map(() => new MultilabelAgreement({ labelCount: 2 })) as [
    MultilabelAgreement,
    MultilabelAgreement,
    MultilabelAgreement,
  ];
  a.update({ labels: [1, 0], predictions: [1, 0] });
  b.update({ labels: [1, 1], predictions: [0, 1] });
  a.merge(b);
  expect(a.result()).toEqual({ subsetAccuracy: 0.5, hammingLoss: 0.25 });
  resumed.restore(JSON.parse(JSON.stringify(a.state())));
  expect(resumed.result()).toEqual(a.result());
  a.reset();
  expect(() => a.result()).toThrow("at least one update");
  expect(() => b.merge(new MultilabelAgreement({ labelCount: 3 }))).toThrow("got 2 and 3");
  expect(() => new MultilabelAgreement({ labelCount: 0.5 })).toThrow("got 0.5");
});
