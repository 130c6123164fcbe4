/** How operations use a device's fused kernels: on rows of the last axis, and only where the result need not be differentiated again. */

import type { FusedKernels } from "../backend.ts";
import { currentDevice } from "../scope.ts";
import { sizeOf } from "../shape.ts";
import { fromBuffer, type Tensor, type TensorForm } from "../tensor.ts";

/** The device's fused kernel of that name, bound; undefined when it has none. */
export function fusedKernel<K extends keyof FusedKernels<unknown>>(name: K): FusedKernels<unknown>[K] | undefined {
  const { fused } = currentDevice(name);
  return fused[name]?.bind(fused) as FusedKernels<unknown>[K] | undefined;
}

/** A new tensor over a buffer a fused kernel has made. */
export function fusedResult(buffer: unknown, form: TensorForm): Tensor {
  return fromBuffer(currentDevice("fused"), buffer, form);
}

/** A tensor as rows of its last axis. */
export function rowsOf({ shape }: Tensor): { rows: number; length: number } {
  return { rows: sizeOf(shape.slice(0, -1)), length: shape[shape.length - 1]! };
}
