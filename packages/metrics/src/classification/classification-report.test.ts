import { hostTensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import { multiclassProblems, type ReportFixture } from "../../fixtures/classification.ts";
import { classificationReport, formatClassificationReport } from "./classification-report.ts";
import { ConfusionMatrix } from "./confusion-matrix.ts";

test("a class never predicted has precision 0, or what zeroDivision says", () => {
  const confusion = hostTensor(Float64Array.of(2, 0, 1, 0), [2, 2]);
  expect(classificationReport(confusion).classes[1]).toEqual({ name: "1", precision: 0, recall: 0, f1: 0, support: 1 });
  expect(classificationReport(confusion, { zeroDivision: 1 }).classes[1]!.precision).toBe(1);
  // Left out, the macro mean is the other class's.
  expect(classificationReport(confusion, { zeroDivision: "omit" }).macroAverage.precision).toBe(2 / 3);
});

describe.each(multiclassProblems)("scikit-learn, $classes classes", (problem) => {
  const confusion = new ConfusionMatrix({ classes: problem.classes });
  confusion.update({ labels: problem.y_true, predictions: problem.y_pred });
  const names = Array.from({ length: problem.classes }, (_, i) => `class ${String.fromCharCode(97 + i)}`);

  test("text, byte for byte", () => {
    expect(formatClassificationReport(classificationReport(confusion.result()), { digits: 3 })).toBe(problem.report_text);
  });

  test("text with names, byte for byte", () => {
    expect(formatClassificationReport(classificationReport(confusion.result(), { names }))).toBe(problem.report_text_names);
  });

  test("data", () => {
    const report = classificationReport(confusion.result());
    expect(report.accuracy).toBeCloseTo(problem.report_dict.accuracy as number, 12);
    for (const row of [...report.classes, report.macroAverage, report.weightedAverage]) {
      const expected = problem.report_dict[row.name] as ReportFixture;
      expect(row.precision).toBeCloseTo(expected.precision, 12);
      expect(row.recall).toBeCloseTo(expected.recall, 12);
      expect(row.f1).toBeCloseTo(expected["f1-score"], 12);
      expect(row.support).toBe(expected.support);
    }
  });
});

test("exact ties round to the even digit, as Python does: 0.125 → 0.12, 0.375 → 0.38", () => {
  const confusion = hostTensor(Float64Array.of(1, 7, 5, 3), [2, 2]);
  const text = formatClassificationReport(classificationReport(confusion));
  expect(text).toContain("0.12"); // recall 1/8
  expect(text).toContain("0.38"); // recall 3/8
});

test("wide names widen the column, and are counted in characters", () => {
  const confusion = hostTensor(Float64Array.of(1, 0, 0, 1), [2, 2]);
  const text = formatClassificationReport(classificationReport(confusion, { names: ["🐈".repeat(20), "dog"] }));
  expect(
    new Set(
      text
        .split("\n")
        .filter(Boolean)
        .map((line) => [...line].length),
    ),
  ).toEqual(new Set([20 + 1 + 40]));
});

test("as many names as classes", () => {
  const confusion = hostTensor(Float64Array.of(1, 0, 0, 1), [2, 2]);
  expect(() => classificationReport(confusion, { names: ["cat"] })).toThrow("expected 2 names, one a class, got 1");
  expect(() => classificationReport(hostTensor(new Float64Array(3), [3]))).toThrow(
    "expected a confusion matrix [classes, classes], got [3]",
  );
});
