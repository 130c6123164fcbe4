/** What a trace writes down: the kernels that ran, by the buffers they read and made. */

import type { DType, Shape, TypedArray } from "@dl/core";

/** Where a buffer came from. */
export type Origin =
  | {
      readonly kind: "call" /** Its number among the calls, and which of the call's results. */;
      readonly call: number;
      readonly result: number;
    }
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "cell" /** As it stood on the host: a parameter is known by it. */; readonly data: TypedArray }
  | { readonly kind: "constant" /** Its number among the uploads. */; readonly number: number; readonly data: TypedArray };

/** The handle of a buffer that was never made. */
export interface TraceBuffer {
  readonly origin: Origin;
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
}

/** A buffer as a kernel read it: its shape may be another than the one it was made with. */
export interface Use {
  readonly buffer: TraceBuffer;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A number, a list of numbers, or a word that a kernel was given. */
export type Setting = number | readonly number[] | string | boolean | undefined;

export interface RecordedCall {
  /** As in `Kernels` and `FusedKernels`: `matmul`, `softmax`. */
  readonly kernel: string;
  readonly uses: readonly Use[];
  readonly settings: Readonly<Record<string, Setting>>;
}

/** One forward pass. */
export interface Trace {
  readonly calls: readonly RecordedCall[];
  readonly outputs: ReadonlyMap<string, Use>;
}
