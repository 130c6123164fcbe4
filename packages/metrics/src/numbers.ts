/** Host numbers as metrics take them: what `compute` returned, a typed array, or a plain array. */

import { DataError, formatShape, type HostTensor, OptionError, ShapeError, sizeOf } from "@dl/core";

/** Numbers in row-major order. Only a `HostTensor` carries a shape; the others are read as the shape the metric asks for. */
export type Numbers = HostTensor | ArrayLike<number>;

export function isHostTensor(numbers: Numbers): numbers is HostTensor {
  return "shape" in numbers;
}

/** The numbers without their shape. */
export function flatNumbers(numbers: Numbers): ArrayLike<number> {
  return isHostTensor(numbers) ? numbers.data : numbers;
}

/** `[3, 4]` of a host tensor, `3 numbers` of an array: for messages. */
export function describeNumbers(numbers: Numbers): string {
  return isHostTensor(numbers) ? `shape ${formatShape(numbers.shape)}` : `${numbers.length} numbers`;
}

/** Throws unless there is at least one number. */
export function requireSome(where: string, name: string, numbers: Numbers): void {
  if (flatNumbers(numbers).length === 0) {
    throw new DataError(`${where}: expected at least one example, got none in ${name}. Leave empty batches out.`);
  }
}

/** Throws unless `a` and `b` have the same shape, or, where one has none, the same length. */
export function requireSameSize(where: string, [aName, a]: [string, Numbers], [bName, b]: [string, Numbers]): void {
  const differ =
    isHostTensor(a) && isHostTensor(b)
      ? a.shape.length !== b.shape.length || a.shape.some((size, axis) => size !== b.shape[axis])
      : flatNumbers(a).length !== flatNumbers(b).length;
  if (differ) {
    throw new ShapeError(
      `${where}: expected one of ${bName} for each of ${aName}, got ${describeNumbers(a)} of ${aName} and ${describeNumbers(b)} of ${bName}.`,
    );
  }
}

/** The length C of rows `[…, C]` that belong to items `[…]`; throws if the two do not fit. */
export function rowLength(where: string, [itemsName, items]: [string, Numbers], [rowsName, rows]: [string, Numbers]): number {
  const count = flatNumbers(items).length;
  const total = flatNumbers(rows).length;
  const fits =
    isHostTensor(rows) && isHostTensor(items)
      ? rows.shape.length === items.shape.length + 1 && items.shape.every((size, axis) => size === rows.shape[axis])
      : isHostTensor(rows)
        ? rows.shape.length > 0 && sizeOf(rows.shape.slice(0, -1)) === count
        : total % count === 0 && total >= count;
  if (!fits) {
    throw new ShapeError(
      `${where}: expected ${rowsName} to hold one row of classes for each of ${itemsName}, got ${describeNumbers(rows)} of ${rowsName} and ${describeNumbers(items)} of ${itemsName}.`,
    );
  }
  return total / count;
}

/** Throws if any number is NaN. */
export function requireNoNaN(where: string, name: string, numbers: Numbers): void {
  const flat = flatNumbers(numbers);
  for (let i = 0; i < flat.length; i++) {
    if (Number.isNaN(flat[i])) {
      throw new DataError(
        `${where}: expected numbers in ${name}, got NaN at ${i}. The model has diverged: lower the learning rate or clip.`,
      );
    }
  }
}

/** Throws unless every number is a probability, with `advice` for those who have logits. */
export function requireProbabilities(
  where: string,
  name: string,
  numbers: Numbers,
  { advice = "Pass logits as `logits`." }: { readonly advice?: string } = {},
): void {
  const flat = flatNumbers(numbers);
  for (let i = 0; i < flat.length; i++) {
    // Float32 rounding of a softmax may pass 1 by an ulp or two.
    if (!(flat[i]! >= 0 && flat[i]! <= 1 + 1e-6)) {
      throw new DataError(`${where}: expected probabilities from 0 to 1 in ${name}, got ${flat[i]} at ${i}. ${advice}`);
    }
  }
}

/** Throws unless an option is one of its choices: callers without types, and settings read from files, have no other check. */
export function requireChoice(where: string, name: string, [value, choices]: readonly [unknown, readonly unknown[]]): void {
  if (!choices.includes(value)) throw new OptionError(`${where}: expected ${name} ${choices.join(", ")}, got ${String(value)}.`);
}

/** The error of a result nobody fed. */
export function nothingAdded(where: string): DataError {
  return new DataError(`${where}: expected at least one update, got none. Call update with a batch first.`);
}

/** Checked weights, one for each of `count` items: finite, at least 0, not all 0. All 1 where none are given. */
export function readWeights(where: string, weights: Numbers | undefined, count: number): ArrayLike<number> {
  if (weights === undefined) return new Float64Array(count).fill(1);
  const flat = flatNumbers(weights);
  if (flat.length !== count) {
    throw new ShapeError(`${where}: expected a weight for each of ${count} examples, got ${describeNumbers(weights)} of weights.`);
  }
  let sum = 0;
  for (let i = 0; i < count; i++) {
    if (!(flat[i]! >= 0 && flat[i]! < Infinity)) {
      throw new DataError(`${where}: expected weights of at least 0, got ${flat[i]} at ${i}.`);
    }
    sum += flat[i]!;
  }
  if (sum === 0) throw new DataError(`${where}: expected a weight above 0, got zeros alone.`);
  return flat;
}
