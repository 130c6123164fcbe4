/** Initialisers without chance. */

import type { HostTensor, Shape } from "@dl/core";
import { filled } from "./initializer.ts";

export function zeros(shape: Shape): HostTensor {
  return filled(shape, 0);
}

export function ones(shape: Shape): HostTensor {
  return filled(shape, 1);
}

/** Every element is `value`. */
export function constant(shape: Shape, { value }: { value: number }): HostTensor {
  return filled(shape, value);
}
