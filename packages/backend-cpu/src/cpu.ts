/** The CPU device: plain TypeScript over typed arrays, in float32, or in float64 as the oracle other devices are compared with. */

import { type Backend, type BackendDevice, type DType, DtypeError, ScopeError, type TypedArray } from "@dl/core";
import { fusedOver } from "./fused.ts";
import { kernelsOver } from "./kernels.ts";
import { Memory } from "./memory.ts";

export interface CpuOptions {
  /** What every float is stored as. `float64` doubles the memory and makes an oracle. Default `float32`. */
  readonly precision?: "float32" | "float64" | undefined;
}

/**
 * A backend that runs everywhere, at once and in one thread; the lowest latency there is for tiny networks.
 *
 * @example
 * const device = await cpu().open();
 * const x = device.upload(Float32Array.of(-1, 2), "float32");
 * const y = device.kernels.unary("relu", { buffer: x, shape: [2], dtype: "float32" });
 * device.readSync?.(y, "float32", 2); // Float32Array [0, 2]
 */
export function cpu({ precision = "float32" }: CpuOptions = {}): Backend {
  return { name: "cpu", open: async () => openCpu(precision) };
}

function openCpu(precision: "float32" | "float64"): BackendDevice<TypedArray> {
  const memory = new Memory(precision);
  const readSync = (buffer: TypedArray, dtype: DType, length: number): TypedArray => {
    if (!memory.isLive(buffer)) throw new ScopeError("read: expected a buffer in use, got one that was freed. Read it before.");
    if (buffer.length !== length)
      throw new DtypeError(`read: expected ${buffer.length} elements of ${dtype}, got a request for ${length}.`);
    return buffer.slice();
  };
  return {
    name: `cpu (${precision})`,
    capabilities: { float: precision, weaknesses: {} },
    kernels: kernelsOver(memory),
    fused: fusedOver(memory),
    upload(data, dtype) {
      const buffer = memory.of(dtype, data.length);
      buffer.set(data);
      return buffer;
    },
    read: async (buffer, dtype, length) => readSync(buffer, dtype, length),
    readSync,
    free: (buffer) => memory.free(buffer),
    memory: () => memory.use,
    close: async () => memory.close(),
  };
}
