/** Options of optimizers, checked at the door. Equal names mean equal things in all of them, so that one table serves. */

import { OptionError } from "@dl/core";

interface Rule {
  readonly wanted: string;
  readonly holds: (value: number) => boolean;
}

const share: Rule = { wanted: "a number from 0 to 1", holds: (value) => value >= 0 && value <= 1 };
// With 1 the correction of the moments, 1 − βᵗ, would be 0.
const decayOfMoment: Rule = { wanted: "a number from 0 up to, not including, 1", holds: (value) => value >= 0 && value < 1 };
const atLeastZero: Rule = { wanted: "a number ≥ 0", holds: (value) => value >= 0 && value < Infinity };
const aboveZero: Rule = { wanted: "a number above 0", holds: (value) => value > 0 };
const flag = "true or false";

const rules: Readonly<Record<string, Rule | typeof flag>> = {
  learningRate: { wanted: "a number ≥ 0 or a schedule", holds: atLeastZero.holds },
  momentum: { wanted: "a number from 0 to 1 or a schedule", holds: share.holds },
  beta1: decayOfMoment,
  beta2: decayOfMoment,
  decay: share,
  dampening: share,
  epsilon: atLeastZero,
  weightDecay: atLeastZero,
  initialSum: atLeastZero,
  learningRateDecay: atLeastZero,
  momentumDecay: atLeastZero,
  leastScale: atLeastZero,
  threshold: aboveZero,
  maximumNorm: aboveZero,
  decayPower: { wanted: "a number ≤ 0", holds: (value) => value <= 0 },
  iterations: { wanted: "a whole number ≥ 1", holds: (value) => Number.isInteger(value) && value >= 1 },
  nesterov: flag,
  amsgrad: flag,
  centered: flag,
  decoupled: flag,
  alwaysAdapt: flag,
};
const schedulable = new Set(["learningRate", "momentum"]);

/** @throws OptionError when an option has a value that no optimizer can use. */
export function checkOptimizerOptions(where: string, options: object): void {
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    const rule = Object.hasOwn(rules, name) ? rules[name]! : undefined;
    if (rule === undefined || (schedulable.has(name) && typeof value === "function")) continue;
    if (rule === flag ? typeof value === "boolean" : typeof value === "number" && rule.holds(value)) continue;
    throw new OptionError(`${where}: expected ${name}, ${rule === flag ? flag : rule.wanted}, got ${String(value)}.`);
  }
}

/** @throws OptionError when a group names an option that the optimizer has not. */
export function checkGroupNames(where: string, { own, known }: { own: object; known: object }): void {
  for (const name of Object.keys(own)) {
    if (!Object.hasOwn(known, name)) {
      throw new OptionError(`${where}: expected a group with options of ${Object.keys(known).join(", ")}, got ${name}.`);
    }
  }
}
