/** What a module does with channels, as far as removing them goes. */

import { BatchNorm, Conv2d, Linear, type Module } from "@dl/nn";

/** Makes channels of its own out of all it is given. */
export type Producer = Linear | Conv2d;
/** Does something to each channel on its own. */
export type Passer = BatchNorm | Conv2d;

export function isProducer(module: Module): module is Producer {
  return module instanceof Linear || (module instanceof Conv2d && module.options.groups === 1 && !isPasser(module));
}

export function isPasser(module: Module): module is Passer {
  if (module instanceof BatchNorm) return true;
  if (!(module instanceof Conv2d)) return false;
  const [, , perGroup, outputs] = module.weight.shape as readonly [number, number, number, number];
  // Depthwise. One channel in and out is a convolution like any other.
  return perGroup === 1 && module.options.groups === outputs && outputs > 1;
}

/** Whether the module has parameters in fields of its own, and none of the roles above: its channels cannot be taken. */
export function isBarrier(module: Module): boolean {
  return module.children.size === 0 && module.state().size > 0 && !isProducer(module) && !isPasser(module);
}
