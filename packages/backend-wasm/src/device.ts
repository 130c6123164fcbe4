/** The device: kernels, copies to and from the host, memory, the end. */

import { allocate, type BackendDevice, bytesPerElement, type DType, type FusedKernels, type Kernels, type TypedArray } from "@dl/core";
import type { Engine } from "./engine.ts";
import { attentionKernels } from "./fused/attention.ts";
import { normalizationKernels } from "./fused/normalization.ts";
import { optimizerKernels } from "./fused/optimizers.ts";
import { softmaxKernels } from "./fused/softmax.ts";
import type { Heap } from "./heap.ts";
import { convolutionKernels } from "./kernels/convolution.ts";
import { elementwiseKernels } from "./kernels/elementwise.ts";
import { indexingKernels } from "./kernels/indexing.ts";
import { matmulKernels } from "./kernels/matmul.ts";
import { movementKernels } from "./kernels/movement.ts";
import { poolingKernels } from "./kernels/pooling.ts";
import { reductionKernels } from "./kernels/reduction.ts";

/** Addresses in the module's memory serve as buffers. */
export class WasmDevice implements BackendDevice<number> {
  readonly name: string;
  readonly capabilities = { float: "float32", weaknesses: {} } as const;
  readonly kernels: Kernels<number>;
  readonly fused: Partial<FusedKernels<number>>;
  /** Threads at work, the calling one included. */
  readonly threads: number;
  readonly #engine: Engine;
  readonly #stop: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(engine: Engine, { name, stop }: { name: string; stop: () => Promise<void> }) {
    this.name = name;
    this.threads = engine.threads;
    this.#engine = engine;
    this.#stop = stop;
    const { maxPoolGradient, ...pooling } = poolingKernels(engine);
    const { writeSlice, ...movement } = movementKernels(engine);
    this.kernels = orNothing(engine.heap, {
      ...elementwiseKernels(engine),
      ...reductionKernels(engine),
      ...matmulKernels(engine),
      ...convolutionKernels(engine),
      ...pooling,
      ...indexingKernels(engine),
      ...movement,
    } satisfies Kernels<number>);
    this.fused = orNothing(engine.heap, {
      maxPoolGradient,
      writeSlice,
      ...softmaxKernels(engine),
      ...normalizationKernels(engine),
      ...attentionKernels(engine),
      ...optimizerKernels(engine),
    });
  }

  upload(data: TypedArray, dtype: DType): number {
    const buffer = this.#engine.heap.allocate(data.length * wordBytes(dtype), "upload");
    this.#view(buffer, dtype, data.length).set(data);
    return buffer;
  }

  readSync(buffer: number, dtype: DType, length: number): TypedArray {
    const host = allocate(dtype, length);
    host.set(this.#view(buffer, dtype, length));
    return host;
  }

  async read(buffer: number, dtype: DType, length: number): Promise<TypedArray> {
    return this.readSync(buffer, dtype, length);
  }

  free(buffer: number): void {
    this.#engine.heap.free(buffer);
  }

  memory(): ReturnType<BackendDevice["memory"]> {
    return this.#engine.heap.use;
  }

  close(): Promise<void> {
    this.#engine.close();
    this.#closed ??= this.#stop();
    return this.#closed;
  }

  /** Elements where they lie; floats are float32 whatever their name on the host. */
  #view(buffer: number, dtype: DType, length: number): TypedArray {
    const memory = this.#engine.buffer;
    if (dtype === "bool") return new Uint8Array(memory, buffer, length);
    return dtype === "int32" ? new Int32Array(memory, buffer, length) : new Float32Array(memory, buffer, length);
  }
}

/** Kernels that leave nothing behind when they fail, such as a result whose working memory no longer fitted. */
function orNothing<K extends object>(heap: Heap, kernels: K): K {
  const guarded =
    (kernel: (...inputs: unknown[]) => unknown) =>
    (...inputs: unknown[]): unknown => {
      const { buffers } = heap;
      try {
        return kernel(...inputs);
      } catch (error) {
        heap.abandon(buffers);
        throw error;
      }
    };
  return Object.fromEntries(Object.entries(kernels).map(([name, kernel]) => [name, guarded(kernel)])) as K;
}

const wordBytes = (dtype: DType): number => (dtype === "float64" ? 4 : bytesPerElement[dtype]);
