/** Putting saved tensors back into cells: all of them, or none. */

import { type Cell, CheckpointError, formatShape, isFloat, sameShape } from "@dl/core";
import type { OptimizerState } from "./optimizer.ts";

/**
 * Checks that every cell has its tensor and every tensor its cell; what it returns loads them.
 *
 * @param where  Whose load it is, for errors.
 * @throws CheckpointError, and nothing was changed.
 */
export function planCells(where: string, cells: ReadonlyMap<string, Cell>, { step, tensors }: OptimizerState): () => void {
  if (!Number.isSafeInteger(step) || step < 0) throw new CheckpointError(`${where}: expected a number of steps ≥ 0, got ${String(step)}.`);
  for (const [name, cell] of cells) {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new CheckpointError(`${where}: expected a tensor ${JSON.stringify(name)}, got none. Was it saved by another optimizer?`);
    }
    if (!sameShape(tensor.shape, cell.shape) || !isFloat(tensor.dtype)) {
      throw new CheckpointError(
        `${where}: tensor ${JSON.stringify(name)}: expected floats of shape ${formatShape(cell.shape)}, got ${tensor.dtype} of ${formatShape(tensor.shape)}.`,
      );
    }
  }
  for (const name of tensors.keys()) {
    if (!cells.has(name)) {
      throw new CheckpointError(
        `${where}: expected only tensors of its own, got ${JSON.stringify(name)}. Was it saved by another optimizer?`,
      );
    }
  }
  return () => {
    for (const [name, cell] of cells) cell.load(tensors.get(name)!);
  };
}
