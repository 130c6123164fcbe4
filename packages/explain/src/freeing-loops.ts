/**
 * Loops over tensors that hold a few of them however long they run. A tensor lives until the scope around it ends, so one that is kept from turn to
 * turn would stay until the end of `compute`; here the turns are halved again and again, and each half is a scope of its own.
 */

import { scope, type Tensor } from "@dl/core";

/** `term(0)` … `term(count − 1)`, asked for in order, made one by `combine` (add, maximum): its rounding grows with the logarithm of the count. */
export function fold(count: number, { term, combine }: { term: (i: number) => Tensor; combine: (a: Tensor, b: Tensor) => Tensor }): Tensor {
  const between = (first: number, end: number): Tensor =>
    scope(() => {
      if (end - first === 1) return term(first);
      const middle = (first + end) >> 1;
      return combine(between(first, middle), between(middle, end));
    });
  return between(0, count);
}

/** What `move` makes of `start` in so many turns, at least one. */
export function iterate(start: Tensor, { turns, move }: { turns: number; move: (x: Tensor) => Tensor }): Tensor {
  const after = (x: Tensor, count: number): Tensor => {
    const half = count >> 1;
    return scope(() => (count === 1 ? move(x) : after(after(x, half), count - half)));
  };
  return after(start, turns);
}
