import { fromNested, hostTensor } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binaryProblems, multiclassProblems } from "../../fixtures/classification.ts";
import { BrierScore } from "./brier-score.ts";
import { CalibrationError } from "./calibration-error.ts";
import { LogLoss } from "./log-loss.ts";

const eceOf = (name: string): { norm: "l1" | "l2" | "max"; bins: number } => {
  const [, norm, bins] = /^(l1|l2|max)_bins(\d+)$/.exec(name)!;
  return { norm: norm as "l1" | "l2" | "max", bins: Number(bins) };
};

describe.each(multiclassProblems)("references, $classes classes", (problem) => {
  const inputs = { labels: problem.y_true, probabilities: problem.probs.flat() };

  test("log-loss by scikit-learn", () => {
    const loss = new LogLoss();
    loss.update(inputs);
    expect(loss.result()).toBeCloseTo(problem.log_loss, 12);
  });

  test.each(Object.entries(problem.ece))("calibration error by torchmetrics, %s", (name, expected) => {
    expect(problem.ece_on_edge).toEqual([]);
    const error = new CalibrationError(eceOf(name));
    error.update(inputs);
    // torchmetrics adds in float32.
    expect(error.result()).toBeCloseTo(expected, 6);
  });
});

describe.each(binaryProblems)("references, binary", (problem) => {
  const inputs = { labels: problem.y_true, probabilities: problem.scores };

  test("log-loss and Brier score by scikit-learn", () => {
    const loss = new LogLoss();
    const brier = new BrierScore();
    loss.update(inputs);
    brier.update(inputs);
    expect(loss.result()).toBeCloseTo(problem.log_loss, 12);
    expect(brier.result()).toBeCloseTo(problem.brier, 12);
  });

  test.each(Object.entries(problem.ece))("calibration error by torchmetrics, %s", (name, expected) => {
    const error = new CalibrationError(eceOf(name));
    error.update({ labels: problem.y_true, probabilities: Float32Array.from(problem.scores) });
    expect(error.result()).toBeCloseTo(expected, 6);
  });
});

test("by hand", () => {
  const loss = new LogLoss();
  loss.update({ labels: [0], probabilities: [0.5, 0.25, 0.25] });
  expect(loss.result()).toBeCloseTo(Math.LN2, 15);
  const brier = new BrierScore();
  brier.update({ labels: [0], probabilities: [0.5, 0.25, 0.25] });
  expect(brier.result()).toBeCloseTo(0.25 + 2 / 16, 15);
  const error = new CalibrationError({ bins: 10 });
  error.update({ labels: [1, 0, 1], probabilities: [0.75, 0.75, 1] });
  expect(error.result()).toBeCloseTo((2 / 3) * 0.25, 15);
});

test("a confidence at the border of two bins belongs to the upper one, though the product with the bins is rounded down", () => {
  // 0.29 · 100 is 28.999999999999996, and 7/25 · 25 is 7.000000000000001.
  for (const bins of [10, 15, 25, 100]) {
    for (let i = 0; i < bins; i++) {
      const error = new CalibrationError({ bins });
      error.update({ labels: [1], probabilities: [i / bins] });
      expect(error.state().counts.indexOf(1)).toBe(i);
    }
  }
});

test("logits give what their softmax, or sigmoid, gives", () => {
  // At most 30 nats of surprise: probabilities are clipped at 36.
  const logit = fc.double({ min: -15, max: 15, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(logit, logit, logit), { minLength: 1, maxLength: 8 }), (rows) => {
      const labels = rows.map((_, i) => i % 3);
      const softmax = rows.flatMap((row) => {
        const sum = row.reduce((total, z) => total + Math.exp(z), 0);
        return row.map((z) => Math.exp(z) / sum);
      });
      // Not CalibrationError: on a tie, or at a bin's border, the last bit decides.
      for (const Of of [LogLoss, BrierScore]) {
        const [fromLogits, fromProbabilities] = [new Of(), new Of()];
        fromLogits.update({ labels, logits: rows.flat() });
        fromProbabilities.update({ labels, probabilities: softmax });
        expect(fromLogits.result()).toBeCloseTo(fromProbabilities.result(), 8);
      }
      const [yes, no] = [new LogLoss(), new LogLoss()];
      yes.update({ labels: labels.map((label) => label % 2), logits: rows.map(([z]) => z) });
      no.update({ labels: labels.map((label) => label % 2), probabilities: rows.map(([z]) => 1 / (1 + Math.exp(-z))) });
      expect(yes.result()).toBeCloseTo(no.result(), 6);
    }),
  );
});

test("a certain mistake is finite from probabilities, and exact from logits", () => {
  const clipped = new LogLoss();
  clipped.update({ labels: [1], probabilities: [1, 0] });
  expect(clipped.result()).toBeCloseTo(52 * Math.LN2, 10);
  const exact = new LogLoss();
  exact.update({ labels: [1], logits: [1000, 0] });
  expect(exact.result()).toBe(1000);
});

test("the number of rows, not of batches, is what counts", () => {
  const loss = new LogLoss();
  loss.update({ labels: [1, 1, 1], probabilities: [0.5, 0.5, 0.5] });
  loss.update({ labels: [1], probabilities: [0.25] });
  expect(loss.result()).toBeCloseTo((3 * Math.LN2 + 2 * Math.LN2) / 4, 12);
});

test("what is no probability is an error", () => {
  const loss = new LogLoss();
  expect(() => loss.update({ labels: [0], probabilities: [1.5, -0.5] })).toThrow(
    "expected probabilities from 0 to 1 in probabilities, got 1.5 at 0",
  );
  expect(() => loss.update({ labels: [0], probabilities: [0.2, 0.2] })).toThrow("add up to 1, got 0.4 in row 0. Pass logits as `logits`");
  expect(() => loss.update({ labels: [2], probabilities: [0.5, 0.5] })).toThrow("got 2 at 0");
  expect(() => loss.update({ labels: [2], probabilities: [0.5] })).toThrow("whole numbers from 0 to 1");
  expect(() => loss.update({ labels: [0], logits: [Number.NaN, 1] })).toThrow("got NaN at 0");
  expect(() => loss.update({ labels: [], logits: [] })).toThrow("at least one example");
  expect(() => loss.update({ labels: hostTensor(Int32Array.of(0, 1), [2]), logits: fromNested([[1, 2, 3]]) })).toThrow(
    "got shape [1, 3] of logits and shape [2] of labels",
  );
  expect(() => loss.result()).toThrow("LogLoss.result: expected at least one update");
  expect(() => new BrierScore().result()).toThrow("BrierScore.result");
  expect(() => new CalibrationError().result()).toThrow("CalibrationError.result");
  expect(() => new CalibrationError({ bins: 0 })).toThrow("expected at least 1 bin, got 0");
});

test("parts merged are the whole, and a restored state goes on", () => {
  for (const Of of [LogLoss, BrierScore, CalibrationError]) {
    const [whole, a, b, resumed] = [new Of(), new Of(), new Of(), new Of()];
    const first = { labels: [1, 0], probabilities: [0.9, 0.3] };
    const second = { labels: [1], probabilities: [0.2] };
    for (const inputs of [first, second]) whole.update(inputs);
    a.update(first);
    b.update(second);
    (a as LogLoss).merge(b as LogLoss);
    expect(a.result()).toBeCloseTo(whole.result(), 15);
    (resumed as LogLoss).restore(JSON.parse(JSON.stringify(a.state())));
    expect(resumed.result()).toBe(a.result());
    a.reset();
    expect(() => a.result()).toThrow("at least one update");
  }
  expect(() => new CalibrationError({ bins: 5 }).merge(new CalibrationError())).toThrow("expected 5 bins, got 15");
});
