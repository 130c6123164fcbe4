/** Slowly moving copies of networks. Lillicrap et al. 2016, arXiv:1509.02971, algorithm 1. */

import { type Cell, sgdUpdate, sub } from "@dl/core";
import { type Module, readState } from "@dl/nn";

/** target ← target + τ·(source − target), inside `compute`. */
export function moveTarget(target: Module, source: Module, { rate }: { rate: number }): void {
  for (const [cell, other] of pairsOf(target, source)) {
    const present = other.value;
    if (rate === 1) {
      cell.set(present);
      continue;
    }
    // A step of plain gradient descent on half the squared distance, which devices have a kernel for.
    const step = { learningRate: rate, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: false };
    sgdUpdate(cell, sub(cell.value, present), { velocity: undefined, step });
  }
}

/** Cells of both, in order; found once, since modules do not change their fields. */
function pairsOf(target: Module, source: Module): readonly (readonly [Cell, Cell])[] {
  let pairs = known.get(target);
  if (pairs === undefined) {
    const from = source.state();
    pairs = [...target.state()].map(([path, cell]) => [cell, from.get(path)!] as const);
    known.set(target, pairs);
  }
  return pairs;
}

const known = new WeakMap<Module, readonly (readonly [Cell, Cell])[]>();

/** Gives `target` the weights of `source` on the host, before either has run. */
export async function copyWeights(target: Module, source: Module): Promise<void> {
  const state = await readState(source);
  for (const [path, cell] of target.state()) cell.load(state.get(path)!);
}
