import { readFileSync } from "node:fs";
import { fromNested, Rng } from "@dl/core";
import { expect, test } from "vitest";
import { Accuracy } from "../classification/accuracy.ts";
import { CalibrationError } from "../classification/calibration-error.ts";
import { RocAuc } from "../classification/roc-auc.ts";
import { membershipInference } from "../privacy/membership-inference.ts";
import { biasAudit } from "./bias-audit.ts";
import { biasAuditHtml, formatBiasAudit } from "./bias-audit-report.ts";
import { ByGroup } from "./by-group.ts";
import { GroupFairness } from "./group-fairness.ts";

interface FairnessFixture {
  readonly y_true: readonly number[];
  readonly y_pred: readonly number[];
  readonly group: readonly number[];
  readonly selection_rate: readonly number[];
  readonly tpr: readonly number[];
  readonly fpr: readonly number[];
  readonly accuracy_by_group: readonly number[];
  readonly demographic_parity_difference: number;
  readonly demographic_parity_ratio: number;
  readonly equal_opportunity_difference: number;
  readonly equalized_odds_difference: number;
}
const fixtures = JSON.parse(readFileSync(new URL("../../fixtures/fairness.json", import.meta.url), "utf8")) as FairnessFixture[];

test.each(fixtures)("rates and gaps as fairlearn defines them", (fixture) => {
  const fairness = new GroupFairness();
  fairness.update({ labels: fixture.y_true, predictions: fixture.y_pred, groups: fixture.group });
  const result = fairness.result();
  result.groups.forEach((rates, g) => {
    expect(rates.group).toBe(String(g));
    expect(rates.selectionRate).toBeCloseTo(fixture.selection_rate[g]!, 12);
    expect(rates.truePositiveRate).toBeCloseTo(fixture.tpr[g]!, 12);
    expect(rates.falsePositiveRate).toBeCloseTo(fixture.fpr[g]!, 12);
    expect(rates.accuracy).toBeCloseTo(fixture.accuracy_by_group[g]!, 12);
  });
  expect(result.demographicParityDifference).toBeCloseTo(fixture.demographic_parity_difference, 12);
  expect(result.demographicParityRatio).toBeCloseTo(fixture.demographic_parity_ratio, 12);
  expect(result.equalOpportunityDifference).toBeCloseTo(fixture.equal_opportunity_difference, 12);
  expect(result.equalizedOddsDifference).toBeCloseTo(fixture.equalized_odds_difference, 12);
});

test("renaming groups changes names alone; a group split at random keeps small gaps", () => {
  const rng = new Rng(1);
  const labels = Array.from({ length: 4000 }, () => rng.integer(0, 2));
  const predictions = labels.map((label) => (rng.float() < 0.8 ? label : 1 - label));
  const groups = labels.map(() => rng.integer(0, 2));
  const result = (names: readonly string[]) => {
    const fairness = new GroupFairness();
    fairness.update({ labels, predictions, groups: groups.map((g) => names[g]!) });
    return fairness.result();
  };
  expect(result(["x", "y"]).equalizedOddsDifference).toBe(result(["b", "a"]).equalizedOddsDifference);
  expect(result(["x", "y"]).equalizedOddsDifference).toBeLessThan(0.06);
});

test("parts merged are the whole, and a restored state goes on; scores pass the threshold", () => {
  const inputs = { labels: [1, 0, 1, 0], scores: [0.9, 0.6, 0.4, 0.1] };
  const [whole, a, b, resumed] = [0, 1, 2, 3].map(() => new GroupFairness()) as GroupFairness[];
  whole!.update({ labels: [...inputs.labels, ...inputs.labels], scores: [...inputs.scores, ...inputs.scores], groups: [..."xyxyyyxx"] });
  a!.update({ ...inputs, groups: [..."xyxy"] });
  b!.update({ ...inputs, groups: [..."yyxx"] });
  a!.merge(b!);
  expect(a!.result()).toEqual(whole!.result());
  resumed!.restore(JSON.parse(JSON.stringify(a!.state())));
  expect(resumed!.result()).toEqual(whole!.result());
});

test("a rate that a group does not have is left out", () => {
  const fairness = new GroupFairness();
  fairness.update({ labels: [1, 1, 0, 0], predictions: [1, 0, 0, 1], groups: [..."aabb"] });
  const { groups, equalOpportunityDifference } = fairness.result();
  expect(groups[1]!.truePositiveRate).toBeNaN();
  expect(equalOpportunityDifference).toBe(0);
});

test("a group without a no has no false-positive rate, whatever rounding its weights leave", () => {
  const fairness = new GroupFairness();
  // 0.1 + 0.2 + 0.3 − (0.1 + 0.3) − 0.2 is not 0.
  fairness.update({
    labels: [1, 1, 1, 0, 1, 0],
    predictions: [1, 0, 1, 1, 1, 0],
    weights: [0.1, 0.2, 0.3, 1, 1, 1],
    groups: [..."aaabbb"],
  });
  const { groups, equalizedOddsDifference } = fairness.result();
  expect(groups[0]!.falsePositiveRate).toBeNaN();
  expect(groups[1]!.falsePositiveRate).toBe(0.5);
  expect(equalizedOddsDifference).toBeCloseTo(1 / 3, 12);
});

test("any metric by group, rows of scores included; a refused batch adds nothing to any group", () => {
  const accuracy = new ByGroup({ metric: () => new Accuracy() });
  accuracy.update({
    labels: [0, 1, 1],
    scores: fromNested([
      [2, 1],
      [2, 1],
      [1, 2],
    ]),
    groups: ["b", "a", "b"],
  });
  expect(accuracy.result()).toEqual([
    { group: "a", count: 1, result: 0 },
    { group: "b", count: 2, result: 1 },
  ]);
  expect(() => accuracy.update({ labels: [0, 1], predictions: [0, -1], groups: ["a", "b"] })).toThrow("got -1");
  expect(accuracy.result()[0]!.count).toBe(1);
  expect(() => accuracy.update({ labels: [0, 1, 1], predictions: [0, 1, 1], groups: ["a", "b"] })).toThrow(
    "expected labels of 2 examples, as many as groups, got 3",
  );
  expect(() => new ByGroup({ metric: () => new Accuracy() }).result()).toThrow("at least one update");
});

test("a group whose metric has no value is named, or has what is asked for", () => {
  const inputs = { labels: [0, 1, 1], scores: [0.2, 0.7, 0.9], groups: ["a", "a", "b"] };
  const strict = new ByGroup({ metric: () => new RocAuc({ task: "binary" }) });
  strict.update(inputs);
  expect(() => strict.result()).toThrow(/^ByGroup\.result: group "b" has none: RocAuc/);
  const lenient = new ByGroup({ metric: () => new RocAuc({ task: "binary" }), whenUndefined: Number.NaN });
  lenient.update(inputs);
  expect(lenient.result()).toEqual([
    { group: "a", count: 2, result: 1 },
    { group: "b", count: 1, result: Number.NaN },
  ]);
});

test("an audit of a biased classifier flags it, and of a fair one does not", () => {
  const rng = new Rng(2);
  const groups = Array.from({ length: 600 }, (_, i) => (i % 3 === 0 ? "minority" : "majority"));
  const labels = groups.map(() => rng.integer(0, 3));
  const audit = (errors: (group: string) => number) =>
    biasAudit(
      { labels, predictions: labels.map((label, i) => (rng.float() < errors(groups[i]!) ? (label + 1) % 3 : label)), groups },
      { column: "heritage", classes: ["cat", "dog", "<owl>"], rng: rng.fork("intervals") },
    );
  const biased = audit((group) => (group === "minority" ? 0.5 : 0.05));
  expect(biased.accuracy.isFlagged).toBe(true);
  expect(biased.accuracy.interval![0]).toBeGreaterThan(0.2);
  for (const { fairness, demographicParity, equalizedOdds } of biased.classes) {
    expect(demographicParity.value).toBeCloseTo(fairness.demographicParityDifference, 12);
    expect(equalizedOdds.value).toBeCloseTo(fairness.equalizedOddsDifference, 12);
  }
  expect(biased.classes.map(({ name, equalizedOdds }) => [name, equalizedOdds.isFlagged])).toEqual([
    ["cat", true],
    ["dog", true],
    ["<owl>", true],
  ]);
  const fair = audit(() => 0.02);
  expect(fair.accuracy.isFlagged).toBe(false);
  const text = formatBiasAudit(biased);
  expect(text).toContain("Groups of heritage");
  expect(text).toMatch(/^accuracy +0\.\d{3} ! +0\.\d{3} … 0\.\d{3}$/m);
  const html = biasAuditHtml(biased);
  expect(html).toContain("&lt;owl&gt;: equalised odds");
  expect(html).not.toContain("<owl>");
  expect(html).toContain('class="flag"');
});

test("calibration by group, when probabilities are given", () => {
  const audit = biasAudit({
    labels: [1, 1, 0, 1],
    predictions: [1, 1, 1, 1],
    probabilities: [0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9],
    groups: [..."aabb"],
  });
  expect(audit.groups.map(({ calibrationError }) => Math.round(10 * calibrationError!) / 10)).toEqual([0.1, 0.4]);
  expect(audit.calibration!.value).toBeCloseTo(0.3, 6);
  expect(audit.classes.map(({ name }) => name)).toEqual(["1"]);
  expect(audit.groups[0]!.isSmall).toBe(true);
});

test("the gap of calibration is that of CalibrationError by group, and has its interval", () => {
  const rng = new Rng(4);
  const groups = Array.from({ length: 400 }, (_, i) => ["young", "old", "unknown"][i % 3]!);
  const labels = Array.from(rng.integers([400], 0, 3).data);
  // The old are told with a confidence that is not theirs.
  const logits = labels.flatMap((label, i) => {
    const scale = groups[i] === "old" ? 6 : 1;
    return [0, 1, 2].map((c) => scale * (rng.float() + (c === label ? 0.4 : 0)));
  });
  const probabilities = logits.map((logit, i) => {
    const row = logits.slice(i - (i % 3), i - (i % 3) + 3);
    return Math.exp(logit) / row.reduce((sum, other) => sum + Math.exp(other), 0);
  });
  const inputs = { labels, predictions: labels, probabilities, groups };
  const { calibration, groups: summaries } = biasAudit(inputs, { rng: new Rng(5) });
  const byGroup = new ByGroup({ metric: () => new CalibrationError() });
  byGroup.update({ labels, probabilities, groups });
  const errors = byGroup.result();
  summaries.forEach(({ group, calibrationError }, g) => {
    expect(group).toBe(errors[g]!.group);
    expect(calibrationError).toBeCloseTo(errors[g]!.result, 12);
  });
  const results = errors.map(({ result }) => result);
  expect(calibration!.value).toBeCloseTo(Math.max(...results) - Math.min(...results), 12);
  const [low, high] = calibration!.interval!;
  expect(low).toBeLessThan(calibration!.value);
  expect(high).toBeGreaterThan(calibration!.value);
  expect(low).toBeGreaterThan(0.05);
  expect(high - low).toBeGreaterThan(0.02);
  expect(formatBiasAudit(biasAudit(inputs, { rng: new Rng(5) }))).toMatch(/^calibration error +0\.\d{3} ! +0\.\d{3} … 0\.\d{3}$/m);
  expect(biasAudit(inputs).calibration!.interval).toBeUndefined();
});

test("what does not fit is an error", () => {
  // Two groups of four labels are not two rows of two.
  expect(() => biasAudit({ labels: [1, 0, 1, 0], predictions: [1, 0, 1, 0], groups: ["a", "b"] })).toThrow("expected 4 groups, got 2");
  expect(() => biasAudit({ labels: [1, 0], predictions: [1, 0], groups: ["a", "a"] })).toThrow(
    "expected at least 2 groups in group, got 1",
  );
  expect(() => biasAudit({ labels: [1, 0], predictions: [1, 0], groups: ["a", "b", "c"] })).toThrow("expected 2 groups, got 3");
  expect(() => biasAudit({ labels: [1, 5], predictions: [1, 0], groups: ["a", "b"] }, { classes: ["no", "yes"] })).toThrow("got 5 at 1");
  expect(() => new GroupFairness().update({ labels: [], predictions: [], groups: [] })).toThrow(
    "expected a group for each example, got none",
  );
});

test("membership inference: by hand, and nothing to see where losses are alike", () => {
  const audit = membershipInference({ members: [0.1, 0.2, 0.3, 0.9], others: [0.25, 0.5, 0.6, 0.7] });
  expect(audit.auc).toBe((4 + 4 + 3 + 0) / 16);
  expect(audit.advantage).toBe(0.5); // both 0.2 and 0.3 give it: 2 of 4 without an alarm, 3 of 4 with one
  expect(audit.threshold).toBe(0.2);
  expect(audit.truePositiveRateAt["0.1"]).toBe(0.5);
  const rng = new Rng(3);
  const same = membershipInference({ members: rng.uniform([2000]), others: rng.uniform([2000]) });
  expect(Math.abs(same.auc - 0.5)).toBeLessThan(4 * same.standardError);
  expect(same.truePositiveRateAt["0.01"]).toBeLessThan(0.03);
  const leaking = membershipInference({ members: rng.uniform([500], 0, 0.1), others: rng.uniform([500], 0.2, 1) });
  expect([leaking.auc, leaking.advantage, leaking.truePositiveRateAt["0.001"]]).toEqual([1, 1, 1]);
  expect(() => membershipInference({ members: [1], others: [1, 2] })).toThrow("expected at least 2 losses a side, got 1 and 2");
  expect(() => membershipInference({ members: [Number.NaN, 1], others: [1, 2] })).toThrow("got NaN at 0");
});
