/** Whole numbers in proportion: the method of largest remainders, and its table form, controlled rounding. Cox 1987, JASA 82(398). */

import type { Rng } from "@dl/core";

/** Whole sizes in proportion to `shares`, of sum `total`; the largest remainders are rounded up, ties to the first. */
export function apportion(shares: readonly number[], total: number): number[] {
  const exact = shares.map((share) => exactSize(share, total));
  const sizes = exact.map(Math.floor);
  const byRemainder = exact.map((value, part) => ({ part, remainder: value - sizes[part]! })).sort((a, b) => b.remainder - a.remainder);
  const left = total - sizes.reduce((sum, size) => sum + size, 0);
  for (let i = 0; i < left; i++) sizes[byRemainder[i]!.part]!++;
  return sizes;
}

/**
 * The sizes `[group][part]`: every group in proportion to `shares`, rounded up or down, and so are the sums of the parts, which are those of
 * `apportion` over the whole. (From four parts on there are tables that cannot be rounded so: then they come as near as they can.)
 *
 * Each group is apportioned alone. Where those sums are off, single examples change parts, in the groups whose remainders lose the least by
 * it; ties are drawn, or the first classes would always be the ones.
 */
export function apportionGroups(shares: readonly number[], groups: readonly number[], { rng }: { rng: Rng }): number[][] {
  const table = groups.map((total) => apportion(shares, total));
  const surplus = apportion(
    shares,
    groups.reduce((sum, total) => sum + total, 0),
  ).map((wanted, part) => table.reduce((sum, sizes) => sum + sizes[part]!, 0) - wanted);
  if (surplus.every((count) => count === 0)) return table;
  const drawn = rng.permutation(groups.length);
  const remainder = (group: number, part: number): number => {
    const exact = exactSize(shares[part]!, groups[group]!);
    return exact - Math.floor(exact);
  };
  const isUp = (group: number, part: number): boolean => table[group]![part]! > exactSize(shares[part]!, groups[group]!);
  /** The groups that may give one of part `from` to part `to`, those that lose the least first. */
  const movers = (from: number, to: number): number[] =>
    Array.from(drawn)
      .filter((group) => isUp(group, from) && !isUp(group, to) && remainder(group, to) > 2 * tolerance)
      .map((group) => ({ group, loss: Math.round((remainder(group, from) - remainder(group, to)) / tolerance) }))
      .sort((a, b) => a.loss - b.loss)
      .map(({ group }) => group);
  for (let path = wayOut(surplus, movers); path !== undefined; path = wayOut(surplus, movers)) {
    const [first, last] = [path[0]!.from, path.at(-1)!.to];
    const count = Math.min(surplus[first]!, -surplus[last]!, ...path.map(({ groups }) => groups.length));
    for (const { from, to, groups } of path) {
      for (const group of groups.slice(0, count)) {
        table[group]![from]!--;
        table[group]![to]!++;
      }
    }
    surplus[first]! -= count;
    surplus[last]! += count;
  }
  return table;
}

interface Move {
  readonly from: number;
  readonly to: number;
  readonly groups: readonly number[];
}

/** The shortest chain of moves from a part that has too many to one that has too few. */
function wayOut(surplus: readonly number[], movers: (from: number, to: number) => number[]): Move[] | undefined {
  const reached = new Map<number, Move[]>();
  for (const [part, count] of surplus.entries()) if (count > 0) reached.set(part, []);
  // A map gives what is added while it is walked: breadth first.
  for (const [from, path] of reached) {
    if (surplus[from]! < 0) return path;
    for (const to of surplus.keys()) {
      if (reached.has(to)) continue;
      const groups = movers(from, to);
      if (groups.length > 0) reached.set(to, [...path, { from, to, groups }]);
    }
  }
  return undefined;
}

const tolerance = 1e-9;

/** A fraction such as 0.1 · 50 may fall short of 5 by a rounding error: that is no remainder. */
function exactSize(share: number, total: number): number {
  return share * total + tolerance;
}
