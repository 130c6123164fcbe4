/** Whether the hottest place of a map lies on the thing it should explain. Zhang et al. 2018, arXiv:1608.00507, section 5.1. */

import { DataError, type HostTensor, OptionError, ShapeError } from "@dl/core";

export interface PointingGameInputs {
  /** Heat maps `[B, H, W]`. */
  readonly maps: HostTensor;
  /** Above 0 where the thing is, `[B, H, W]`. */
  readonly masks: HostTensor;
}

/**
 * Hits, `[B]`: 1 where the first of the hottest pixels is at most `tolerance` pixels (in rows and columns) from the mask.
 *
 * @example
 * const masks = fromNested([[[0, 0], [0, 1]]]);
 * pointingGame({ maps: fromNested([[[0.1, 0.2], [0.3, 0.9]]]), masks }); // [1]
 */
export function pointingGame({ maps, masks }: PointingGameInputs, { tolerance = 0 }: { readonly tolerance?: number } = {}): Uint8Array {
  const [count, height, width] = maps.shape;
  if (maps.shape.length !== 3 || maps.data.length === 0 || masks.shape.join() !== maps.shape.join()) {
    throw new ShapeError(
      `pointingGame: expected maps and masks [B, H, W], got [${maps.shape.join(", ")}] and [${masks.shape.join(", ")}].`,
    );
  }
  if (!Number.isInteger(tolerance) || tolerance < 0) {
    throw new OptionError(`pointingGame: expected a whole tolerance of at least 0, got ${tolerance}.`);
  }
  if (maps.data.some(Number.isNaN)) throw new DataError("pointingGame: expected numbers in the maps, got NaN, which has no hottest place.");
  const size = height! * width!;
  return Uint8Array.from({ length: count! }, (_, example) => {
    const at = example * size;
    let best = 0;
    for (let i = 1; i < size; i++) if (maps.data[at + i]! > maps.data[at + best]!) best = i;
    const [row, column] = [Math.floor(best / width!), best % width!];
    for (let y = Math.max(0, row - tolerance); y <= Math.min(height! - 1, row + tolerance); y++) {
      for (let x = Math.max(0, column - tolerance); x <= Math.min(width! - 1, column + tolerance); x++) {
        if (masks.data[at + y * width! + x]! > 0) return 1;
      }
    }
    return 0;
  });
}
