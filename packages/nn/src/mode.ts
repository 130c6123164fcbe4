/** Whether a forward pass is for training or for use: a value given to `forward`, not a flag on the model. */

import { OptionError, type Rng } from "@dl/core";

/** Dropout and batch statistics act in `training` only, which brings the random numbers they need. */
export type Mode = { readonly training: false } | { readonly training: true; readonly rng: Rng };

/** Nothing is random and nothing is updated. */
export const inference: Mode = { training: false };

/**
 * @example
 * model.forward(images, training(rng.fork("dropout")));
 */
export function training(rng: Rng): Mode {
  return { training: true, rng };
}

/** @throws OptionError when `forward` was called without a mode. */
export function checkMode(where: string, mode: Mode): void {
  if (typeof (mode as Mode | undefined)?.training !== "boolean") {
    throw new OptionError(`${where}.forward: expected a mode, got ${typeof mode}. Pass inference or training(rng) as the second argument.`);
  }
}
