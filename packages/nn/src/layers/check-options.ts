/** What layers are built from, checked at the door: in plain JavaScript no type stops a slip. */

import { OptionError, type Pair, type Rng, type Triple } from "@dl/core";

/**
 * @param counts  Sizes by the name of their option.
 * @throws OptionError when one is not a whole number ≥ 1.
 */
export function checkCounts(where: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isInteger(count) || count < 1) {
      throw new OptionError(`${where}: expected ${name}, a whole number ≥ 1, got ${JSON.stringify(count) ?? "undefined"}.`);
    }
  }
}

/** The channels of a convolution, which its groups divide. @throws OptionError when they do not. */
export function checkGroupedChannels(
  where: string,
  { inputs, outputs, groups }: { inputs: number; outputs: number; groups: number },
): void {
  checkCounts(where, { inputs, outputs, groups, "inputs / groups": inputs / groups, "outputs / groups": outputs / groups });
}

/** The shape of a weight over one axis, or over several last axes together. @throws OptionError when a size is not a whole number ≥ 1. */
export function axesOf(where: string, size: number | readonly number[]): readonly number[] {
  const sizes = typeof size === "number" ? [size] : size;
  if (!Array.isArray(sizes) || sizes.length === 0) {
    throw new OptionError(`${where}: expected size, a whole number ≥ 1 or several, got ${JSON.stringify(size) ?? "undefined"}.`);
  }
  for (const one of sizes) checkCounts(where, { size: one });
  return sizes;
}

/** @throws OptionError when there is none. */
export function checkRng(where: string, rng: Rng): void {
  if (typeof (rng as Rng | undefined)?.fork !== "function") {
    throw new OptionError(`${where}: expected an rng for its first weights, got ${typeof rng}. Write rng: new Rng(seed).fork("name").`);
  }
}

/** @throws OptionError when an epsilon, which is added to a variance, is negative or no number. */
export function checkEpsilon(where: string, epsilon: number): void {
  if (!(Number.isFinite(epsilon) && epsilon >= 0)) throw new OptionError(`${where}: expected an epsilon ≥ 0, got ${epsilon}.`);
}

/** @throws OptionError when a rate of dropout is none. */
export function checkDropout(where: string, rate: number): void {
  if (!(rate >= 0 && rate < 1)) throw new OptionError(`${where}: expected a rate from 0 up to, not including, 1, got ${rate}.`);
}

/** @throws OptionError when an activation is not one that is applied in the same kernel. */
export function checkActivation(where: string, activation: "relu" | undefined): void {
  if (activation === undefined || activation === "relu") return;
  throw new OptionError(`${where}: expected activation relu or none, got ${JSON.stringify(activation)}. Apply others to the output.`);
}

/** Height and width of an option that takes one number for both. @throws OptionError when it is neither. */
export function pairOf(where: string, [name, value]: readonly [name: string, value: Pair]): readonly [number, number] {
  return sidesOf(where, [name, value], ["height", "width"]) as readonly [number, number];
}

/** Depth, height and width of an option that takes one number for all three. @throws OptionError when it is neither. */
export function tripleOf(where: string, [name, value]: readonly [name: string, value: Triple]): readonly [number, number, number] {
  return sidesOf(where, [name, value], ["depth", "height", "width"]) as readonly [number, number, number];
}

function sidesOf(
  where: string,
  [name, value]: readonly [name: string, value: number | readonly number[]],
  axes: readonly string[],
): readonly number[] {
  const sides = typeof value === "number" ? axes.map(() => value) : value;
  if (!Array.isArray(sides) || sides.length !== axes.length || !sides.every((side) => Number.isInteger(side) && side >= 1)) {
    throw new OptionError(
      `${where}: expected ${name}, a whole number ≥ 1 or [${axes.join(", ")}], got ${JSON.stringify(value) ?? "undefined"}.`,
    );
  }
  return sides;
}
