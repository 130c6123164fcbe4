import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import type { Metric } from "../metric.ts";
import { BrierScore } from "./brier-score.ts";
import { CalibrationError } from "./calibration-error.ts";
import { LogLoss } from "./log-loss.ts";
import type { ProbabilityInputs } from "./probability-inputs.ts";

const rng = new Rng(4);
const ignoreLabel = -100;
type ProbabilityMetric = Metric<ProbabilityInputs, number, unknown>;

test.each([
  ["LogLoss", () => new LogLoss({ ignoreLabel }), () => new LogLoss()],
  ["BrierScore", () => new BrierScore({ ignoreLabel }), () => new BrierScore()],
  ["CalibrationError", () => new CalibrationError({ ignoreLabel, bins: 5 }), () => new CalibrationError({ bins: 5 })],
] as readonly [string, () => ProbabilityMetric, () => ProbabilityMetric][])(
  "%s leaves ignored labels out: the score is that of the others alone",
  (_, make, plain) => {
    const logits = rng.normal([40, 3]).data;
    const all = Array.from(rng.integers([40], 0, 3).data, (label, i) => (i % 4 === 0 ? ignoreLabel : label));
    const weights = Array.from(rng.uniform([40]).data);
    const kept = all.flatMap((label, i) => (label === ignoreLabel ? [] : [i]));
    const [with_, without] = [make(), plain()];
    with_.update({ labels: all, logits, weights });
    without.update({
      labels: kept.map((i) => all[i]!),
      logits: kept.flatMap((i) => [...logits.slice(3 * i, 3 * i + 3)]),
      weights: kept.map((i) => weights[i]!),
    });
    expect(with_.result()).toBeCloseTo(without.result(), 14);
    // A batch of padding alone changes nothing, and is an update without examples.
    const before = with_.result();
    with_.update({ labels: [ignoreLabel, ignoreLabel], logits: [1, 2, 3, 4, 5, 6] });
    expect(with_.result()).toBe(before);
    const empty = make();
    empty.update({ labels: [ignoreLabel], logits: [1, 2, 3] });
    expect(() => empty.result()).toThrow(/at least one update/);
    expect(() => plain().update({ labels: [ignoreLabel], logits: [1, 2, 3] })).toThrow(/whole numbers from 0 to 2/);
  },
);
