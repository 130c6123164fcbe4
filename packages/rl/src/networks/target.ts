/** Slowly moving copies of networks. Lillicrap et al. 2016, arXiv:1509.02971, algorithm 1. */

import { sgdUpdate, sub } from "@dl/core";
import { type Module, readState } from "@dl/nn";

/** target ← target + τ·(source − target), inside `compute`. */
export function moveTarget(target: Module, source: Module, { rate }: { rate: number }): void {
  const from = source.state();
  for (const [path, cell] of target.state()) {
    const present = from.get(path)!.value;
    if (rate === 1) {
      cell.set(present);
      continue;
    }
    // A step of plain gradient descent on half the squared distance, which devices have a kernel for.
    const step = { learningRate: rate, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: false };
    sgdUpdate(cell, sub(cell.value, present), { velocity: undefined, step });
  }
}

/** Gives `target` the weights of `source` on the host, before either has run. */
export async function copyWeights(target: Module, source: Module): Promise<void> {
  const state = await readState(source);
  for (const [path, cell] of target.state()) cell.load(state.get(path)!);
}
