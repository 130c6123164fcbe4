import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as schedules from "./index.ts";
import { Plateau } from "./plateau.ts";

interface Case {
  schedule: string;
  args: Record<string, number>;
  lr_at_step: number[];
  momentum_at_step?: number[];
  metric?: number[];
  lr_after_epoch?: number[];
}
const read = (name: string): { base_lr: number; cases: Case[] } =>
  JSON.parse(readFileSync(new URL(`../../fixtures/optim/${name}.json`, import.meta.url), "utf8"));
const { base_lr: base, cases } = read("schedules");
const reference = (name: string): Case => cases.find(({ schedule }) => schedule === name)!;

function expectEqual(got: number[], wanted: number[]): void {
  expect(got.length).toBe(wanted.length);
  got.forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1e-9 + 1e-6 * Math.abs(wanted[i]!));
  });
}

describe("as torch and transformers compute them", () => {
  test.each<[string, schedules.Schedule]>([
    ["StepLR", schedules.step(base, { every: 7, factor: 0.5 })],
    ["CosineAnnealingLR", schedules.cosine(base, { steps: 20, end: 0.001, after: "wave" })],
    ["OneCycleLR", schedules.oneCycle(0.4, { steps: 30 })],
    ["get_cosine_schedule_with_warmup", schedules.warmUp(schedules.cosine(base, { steps: 25 }), { steps: 5 })],
    ["get_linear_schedule_with_warmup", schedules.warmUp(schedules.linear(base, { steps: 16 }), { steps: 4 })],
    [
      "get_polynomial_decay_schedule_with_warmup",
      schedules.warmUp(schedules.polynomial(base, { steps: 22, power: 2, end: 0.001 }), { steps: 3 }),
    ],
    ["PolynomialLR", schedules.polynomial(base, { steps: 20, power: 1.5 })],
  ])("%s", (name, schedule) => {
    const { lr_at_step: wanted } = reference(name);
    expectEqual(
      wanted.map((_, step) => schedule(step)),
      wanted,
    );
  });

  const linearThenCosine = [schedules.linear(0.1 * base, { steps: 6, end: base }), schedules.cosine(base, { steps: 20, after: "wave" })];
  const halved = { rise: 4, fall: 8, height: "halve" } as const;
  const decayed = { rise: 6, height: "decay", factor: 0.97 } as const;
  test.each<[string, schedules.Schedule, schedules.Schedule?]>([
    [
      "a cycle of straight lines",
      schedules.oneCycle(0.5, { steps: 33, rise: 0.2, anneal: "linear", initialDivisor: 10, finalDivisor: 100 }),
      schedules.oneCycleMomentum({ steps: 33, rise: 0.2, anneal: "linear" }),
    ],
    ["in three phases", schedules.oneCycle(0.5, { steps: 25, phases: 3 }), schedules.oneCycleMomentum({ steps: 25, phases: 3 })],
    ["CyclicLR", schedules.cyclic(0.01, { peak: 0.2, rise: 5 }), schedules.cyclic(0.9, { peak: 0.8, rise: 5 })],
    ["triangular2", schedules.cyclic(0.01, { peak: 0.2, ...halved }), schedules.cyclic(0.9, { peak: 0.8, ...halved })],
    ["exp_range", schedules.cyclic(0.01, { peak: 0.2, ...decayed }), schedules.cyclic(0.9, { peak: 0.8, ...decayed })],
    ["SequentialLR", schedules.sequence(linearThenCosine, { milestones: [6] })],
    ["get_inverse_sqrt_schedule", schedules.warmUp(schedules.inverseRoot(base, { scale: 10 }), { steps: 4 })],
  ])("%s", (name, schedule, momentum) => {
    const order = ["a cycle of straight lines", "in three phases", "CyclicLR", "triangular2", "exp_range", "SequentialLR"];
    const { cases } = read("more-schedules");
    const { lr_at_step: wanted, momentum_at_step: moments } = cases[order.includes(name) ? order.indexOf(name) : 6]!;
    expectEqual(
      wanted.map((_, step) => schedule(step)),
      wanted,
    );
    expect(moments === undefined).toBe(momentum === undefined);
    if (momentum) {
      expectEqual(
        moments!.map((_, step) => momentum(step)),
        moments!,
      );
    }
  });

  test("ReduceLROnPlateau with an absolute threshold", () => {
    const { metric, lr_after_epoch: wanted } = read("more-schedules").cases.at(-1)!;
    const options = { factor: 0.5, patience: 1, mode: "maximum", threshold: 0.01, thresholdMode: "absolute" } as const;
    const plateau = new Plateau({ initial: base, ...options });
    expectEqual(
      metric!.map((value) => plateau.report(value)),
      wanted!,
    );
  });

  test("the momentum of OneCycleLR", () => {
    const wanted = reference("OneCycleLR").momentum_at_step!;
    const schedule = schedules.oneCycleMomentum({ steps: 30 });
    expectEqual(
      wanted.map((_, step) => schedule(step)),
      wanted,
    );
  });

  test("ReduceLROnPlateau", () => {
    const { metric, lr_after_epoch: wanted } = reference("ReduceLROnPlateau");
    const plateau = new Plateau({ initial: base, factor: 0.5, patience: 2 });
    expectEqual(
      metric!.map((value) => plateau.report(value)),
      wanted!,
    );
  });
});

describe("by hand", () => {
  test("milestones count from the step they name", () => {
    const schedule = schedules.multiStep(1, { milestones: [2, 4], factor: 0.1 });
    expect([0, 1, 2, 3, 4, 9].map((step) => schedule(step))).toEqual([1, 1, 0.1, 0.1, 0.1 ** 2, 0.1 ** 2]);
  });

  test("exponential decay, and a constant", () => {
    expect(schedules.exponential(8, { factor: 0.5 })(3)).toBe(1);
    expect(schedules.constant(0.3)(1e6)).toBe(0.3);
  });

  test("a cosine holds its end", () => {
    const schedule = schedules.cosine(1, { steps: 10, end: 0.1 });
    expect(schedule(5)).toBeCloseTo(0.55, 12);
    expect(schedule(10)).toBeCloseTo(0.1, 12);
    expect(schedule(1000)).toBe(schedule(10));
  });

  test("warm restarts start again at the full value, with longer and longer periods", () => {
    const schedule = schedules.cosineRestarts(1, { period: 4, growth: 2 });
    for (const start of [0, 4, 12, 28]) expect(schedule(start)).toBe(1);
    expect(schedule(2)).toBeCloseTo(0.5, 12);
    expect(schedule(8)).toBeCloseTo(0.5, 12); // the middle of 4 … 12
    const even = schedules.cosineRestarts(1, { period: 4 });
    expect(even(4_000_001)).toBe(even(1));
  });

  test("warm-up starts at its share and hands over without a jump", () => {
    const schedule = schedules.warmUp(schedules.constant(2), { steps: 4, start: 0.25 });
    expect([0, 2, 4, 5].map((step) => schedule(step))).toEqual([0.5, 1.25, 2, 2]);
    expect(schedules.warmUp(schedules.constant(2), { steps: 0 })(0)).toBe(2);
  });

  test("a plateau bears `patience` bad reports, cools down, keeps its floor, and goes on from its state", () => {
    const options = { initial: 1, factor: 0.5, patience: 1, cooldown: 1, minimum: 0.3, mode: "maximum" } as const;
    const plateau = new Plateau(options);
    expect([5, 4, 4].map((metric) => plateau.report(metric))).toEqual([1, 1, 0.5]);
    const resumed = new Plateau(options);
    resumed.state = JSON.parse(JSON.stringify(plateau.state));
    expect([4, 4, 4].map((metric) => resumed.report(metric))).toEqual([0.5, 0.5, 0.3]);
    expect(resumed.schedule()).toBe(0.3);
  });

  test("NaN never counts as an improvement", () => {
    const plateau = new Plateau({ initial: 1, factor: 0.5, patience: 0 });
    expect(plateau.report(NaN)).toBe(0.5);
  });
});

describe("laws", () => {
  const whole = fc.integer({ min: 1, max: 500 });

  test("decays never rise and never pass their end", () => {
    fc.assert(
      fc.property(whole, fc.nat({ max: 1000 }), (steps, now) => {
        for (const schedule of [
          schedules.cosine(1, { steps, end: 0.1 }),
          schedules.linear(1, { steps, end: 0.1 }),
          schedules.step(1, { every: steps }),
        ]) {
          expect(schedule(now + 1)).toBeLessThanOrEqual(schedule(now) + 1e-12);
        }
        expect(schedules.linear(1, { steps, end: 0.1 })(now)).toBeGreaterThanOrEqual(0.1);
      }),
    );
  });

  test("a schedule is a function: the order of asking does not matter", () => {
    const schedule = schedules.warmUp(schedules.cosineRestarts(1, { period: 7, growth: 1.5 }), { steps: 3 });
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 200 })), (steps) => {
        const forth = steps.map((step) => schedule(step));
        expect([...steps].reverse().map((step) => schedule(step))).toEqual(forth.reverse());
      }),
    );
  });

  test.each([
    ["no steps", () => schedules.cosine(1, { steps: 0 })],
    ["half steps", () => schedules.linear(1, { steps: 2.5 })],
    ["a period that shrinks", () => schedules.cosineRestarts(1, { period: 4, growth: 0.5 })],
    [
      "milestones that fall",
      () => schedules.sequence([schedules.constant(1), schedules.constant(1), schedules.constant(1)], { milestones: [5, 2] }),
    ],
    ["more schedules than milestones allow", () => schedules.sequence([schedules.constant(1)], { milestones: [5] })],
    ["a cycle of no height there is", () => schedules.cyclic(1, { peak: 2, height: "twice" as "halve" })],
    ["a cycle that only rises", () => schedules.oneCycle(1, { steps: 10, rise: 1.2 })],
    ["a plateau that raises", () => new Plateau({ initial: 1, factor: 2 })],
    ["a plateau in PyTorch's words: min would have been taken for maximum", () => new Plateau({ initial: 1, mode: "min" as "minimum" })],
    ["a plateau of another threshold", () => new Plateau({ initial: 1, thresholdMode: "rel" as "relative" })],
    ["a plateau of no rate", () => new Plateau({ initial: NaN })],
    ["a cycle in lines of no kind there is", () => schedules.oneCycle(1, { steps: 10, anneal: "Linear" as "linear" })],
    ["a cycle of four phases", () => schedules.oneCycle(1, { steps: 10, phases: 4 as 3 })],
    ["an end of no kind there is", () => schedules.cosine(1, { steps: 10, after: "restart" as "wave" })],
  ])("%s is an OptionError", (_, make) => {
    expect(make).toThrow(expect.objectContaining({ name: "OptionError" }));
  });
});
