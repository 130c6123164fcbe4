/** A module that computes with weights other than those it keeps: masked ones, rounded ones. */

import { Cell, type Tensor } from "@dl/core";
import { type Module, type Parameter, wrapForward } from "@dl/nn";
import { noteAttached } from "./attached.ts";

/** What stands for a parameter's value while its module computes; gradients flow back through it. */
export type WeightTransform = (value: Tensor) => Tensor;

const ownValue = Object.getOwnPropertyDescriptor(Cell.prototype, "value")!.get as (this: Cell) => Tensor;

/**
 * While `module.forward` runs, and only then, its parameters' values pass through `transforms`; those of one put on later come first.
 * Optimizers and checkpoints see the parameters themselves. The function that is returned takes the transforms away.
 */
export function transformWeights(module: Module, transforms: ReadonlyMap<Parameter, WeightTransform>): () => void {
  const forget = noteAttached(transforms.keys(), transforms);
  const unwrap = wrapForward<Module>(module, (forward, ...inputs) => {
    const undo = [...transforms].map(([parameter, transform]) => show(parameter, transform));
    try {
      return forward(...inputs);
    } finally {
      for (const each of undo.reverse()) each();
    }
  });
  return () => {
    unwrap();
    forget();
  };
}

/** Hides the getter of the class behind one of the instance. */
function show(parameter: Parameter, transform: WeightTransform): () => void {
  const before = Object.getOwnPropertyDescriptor(parameter, "value");
  const inner = (before?.get as typeof ownValue | undefined) ?? ownValue;
  Object.defineProperty(parameter, "value", {
    configurable: true,
    enumerable: false,
    get: () => transform(inner.call(parameter)),
  });
  return () => {
    if (before) Object.defineProperty(parameter, "value", before);
    else delete (parameter as { value?: unknown }).value;
  };
}
