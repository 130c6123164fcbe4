/** The device: kernels, copies to and from the host, memory, the end. */

import {
  type BackendDevice,
  type Capabilities,
  type DType,
  type FusedKernels,
  type KernelEvent,
  type Kernels,
  type MemoryUse,
  type TypedArray,
  UnsupportedError,
} from "@dl/core";
import { attentionKernels } from "./fused/attention.ts";
import { normalizationKernels } from "./fused/normalization.ts";
import { optimizerKernels } from "./fused/optimizers.ts";
import { softmaxKernels } from "./fused/softmax.ts";
import { startGpuProfile } from "./gpu-profile.ts";
import { convolutionKernels } from "./kernels/convolution.ts";
import { elementwiseKernels } from "./kernels/elementwise.ts";
import { indexingKernels } from "./kernels/indexing.ts";
import { matmulKernels } from "./kernels/matmul.ts";
import { movementKernels } from "./kernels/movement.ts";
import { poolingKernels } from "./kernels/pooling.ts";
import { randomKernels } from "./kernels/random.ts";
import { reductionKernels } from "./kernels/reduction.ts";
import { sortingKernels } from "./kernels/sorting.ts";
import type { DeviceBuffer, Memory } from "./memory.ts";
import type { Runner } from "./runner.ts";

export class WebgpuDevice implements BackendDevice<DeviceBuffer> {
  readonly name: string;
  readonly capabilities: Capabilities = { float: "float32", weaknesses: {} };
  readonly kernels: Kernels<DeviceBuffer>;
  readonly fused: Partial<FusedKernels<DeviceBuffer>>;
  readonly #runner: Runner;

  constructor(runner: Runner, name: string) {
    this.name = name;
    this.#runner = runner;
    const { maxPoolGradient, ...pooling } = poolingKernels(runner);
    this.kernels = orNothing(runner.memory, {
      ...elementwiseKernels(runner),
      ...reductionKernels(runner),
      ...matmulKernels(runner),
      ...convolutionKernels(runner),
      ...pooling,
      ...indexingKernels(runner),
      ...sortingKernels(runner),
      ...movementKernels(runner),
      ...randomKernels(runner),
    } satisfies Kernels<DeviceBuffer>);
    this.fused = orNothing(runner.memory, {
      maxPoolGradient,
      ...softmaxKernels(runner),
      ...normalizationKernels(runner),
      ...attentionKernels(runner),
      ...optimizerKernels(runner),
    });
  }

  upload(data: TypedArray, dtype: DType): DeviceBuffer {
    const buffer = this.#runner.allocate(data.length, "upload");
    this.#runner.write(buffer, toWords(data, dtype));
    return buffer;
  }

  async read(buffer: DeviceBuffer, dtype: DType, length: number): Promise<TypedArray> {
    const words = await this.#runner.read(buffer, length);
    if (dtype === "bool") return Uint8Array.from(new Uint32Array(words));
    return dtype === "int32" ? new Int32Array(words) : new Float32Array(words);
  }

  free(buffer: DeviceBuffer): void {
    this.#runner.memory.free(buffer);
  }

  memory(): MemoryUse {
    return this.#runner.memory.use;
  }

  launches(): number {
    return this.#runner.dispatches;
  }

  startProfile(): { stop(): Promise<KernelEvent[]> } {
    return startGpuProfile(this.#runner);
  }

  async close(): Promise<void> {
    this.#runner.close();
  }
}

/** Kernels that leave no buffer behind when they fail, such as one of two results for which there was no memory. */
function orNothing<K extends object>(memory: Memory, kernels: K): K {
  const guarded =
    (kernel: (...inputs: unknown[]) => unknown) =>
    (...inputs: unknown[]): unknown => {
      memory.begin();
      try {
        return kernel(...inputs);
      } catch (error) {
        memory.abandon();
        throw error;
      }
    };
  return Object.fromEntries(Object.entries(kernels).map(([name, kernel]) => [name, guarded(kernel)])) as K;
}

/** Host data as words of the device: bools become 0 or 1, doubles are rounded. */
function toWords(data: TypedArray, dtype: DType): Int32Array | Uint32Array | Float32Array {
  if (dtype === "bool") return Uint32Array.from(data as Uint8Array);
  if (dtype === "int32") return data instanceof Int32Array ? data : Int32Array.from(data);
  if (data instanceof Float32Array) return data;
  if (dtype === "float32" || dtype === "float64") return Float32Array.from(data);
  throw new UnsupportedError(`webgpu: expected float32, int32 or bool, got ${dtype satisfies never}.`);
}
