/** Numbers an algorithm is given, looked at before it starts: a count of 0 would wait for ever, and a discount of 99 learn something else. */

import { OptionError } from "@dl/core";

/** Numbers by their names; a schedule is known only later, and what is left out has no say. */
type Numbers = Readonly<Record<string, unknown>>;

/** @throws OptionError unless every one is a whole number ≥ 1. */
export function checkCounts(where: string, counts: Numbers): void {
  check(where, counts, { expected: "a whole number ≥ 1", fits: (value) => Number.isInteger(value) && value >= 1 });
}

/** @throws OptionError unless every one lies from 0 to 1. */
export function checkShares(where: string, shares: Numbers): void {
  check(where, shares, { expected: "a number from 0 to 1", fits: (value) => value >= 0 && value <= 1 });
}

/** @throws OptionError unless every one is a number ≥ 0. */
export function checkAmounts(where: string, amounts: Numbers): void {
  check(where, amounts, { expected: "a number ≥ 0", fits: (value) => value >= 0 });
}

function check(where: string, numbers: Numbers, { expected, fits }: { expected: string; fits: (value: number) => boolean }): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (value === undefined || typeof value === "function") continue;
    if (typeof value !== "number" || !fits(value))
      throw new OptionError(`${where}: expected ${expected} as ${name}, got ${String(value)}.`);
  }
}
