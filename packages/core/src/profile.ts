/** Where a device's time goes: every kernel that ran, when, for how long and over how many bytes. */

import type { BackendDevice, KernelEvent, Operand } from "./backend.ts";
import { bytesPerElement } from "./dtype.ts";
import { sizeOf } from "./shape.ts";

/** All launches of one kernel. */
export interface KernelSummary {
  readonly name: string;
  readonly launches: number;
  /** Of all launches together. */
  readonly milliseconds: number;
  /** Read and written by all launches together. */
  readonly bytes: number;
}

/** What `Device.profile` saw. */
export interface Profile<T> {
  /** What the work returned, as `compute` gives it. */
  readonly result: T;
  /** By kernel, the longest first. */
  readonly kernels: readonly KernelSummary[];
  /** Every launch in order, with its start in milliseconds after the first. */
  readonly events: readonly KernelEvent[];
  /** From the beginning of the work to the end of the read-back. */
  readonly milliseconds: number;
}

export function summarize(events: readonly KernelEvent[]): KernelSummary[] {
  const byName = new Map<string, { name: string; launches: number; milliseconds: number; bytes: number }>();
  for (const { name, milliseconds, bytes } of events) {
    const summary = byName.get(name) ?? { name, launches: 0, milliseconds: 0, bytes: 0 };
    summary.launches++;
    summary.milliseconds += milliseconds;
    summary.bytes += bytes;
    byName.set(name, summary);
  }
  return [...byName.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Times the calls of a device whose kernels are done when they return, by standing in their place until `stop`. */
export function timeKernels(device: BackendDevice): { stop(): Promise<KernelEvent[]> } {
  const events: KernelEvent[] = [];
  const restore: (() => void)[] = [];
  for (const kernels of [device.kernels, device.fused] as Record<string, unknown>[]) {
    for (const name of Object.keys(kernels)) {
      const kernel = kernels[name];
      if (typeof kernel !== "function") continue;
      kernels[name] = (...inputs: unknown[]): unknown => {
        const before = device.memory().bytes;
        const start = performance.now();
        const result: unknown = kernel.apply(kernels, inputs);
        const milliseconds = performance.now() - start;
        events.push({
          name: nameOf(name, inputs),
          start,
          milliseconds,
          bytes: operandBytes(inputs) + Math.max(0, device.memory().bytes - before),
        });
        return result;
      };
      restore.push(() => {
        kernels[name] = kernel;
      });
    }
  }
  return {
    stop: async () => {
      for (const undo of restore) undo();
      return events;
    },
  };
}

/** Kernels that are many in one say which: `unary exp`. */
function nameOf(name: string, [operation]: readonly unknown[]): string {
  return typeof operation === "string" ? `${name} ${operation}` : name;
}

/** What the operands among a kernel's inputs hold. */
function operandBytes(inputs: readonly unknown[]): number {
  let bytes = 0;
  for (const input of inputs) {
    if (Array.isArray(input)) bytes += operandBytes(input);
    else if (isOperand(input)) bytes += sizeOf(input.shape) * bytesPerElement[input.dtype];
  }
  return bytes;
}

function isOperand(input: unknown): input is Operand<unknown> {
  return typeof input === "object" && input !== null && "buffer" in input && "shape" in input && "dtype" in input;
}
