/** What the runner and a contestant say to each other: one JSON object a line, a question on stdin, an answer on stdout. */

import type { Parameters } from "../workload.ts";

/** The first line of a contestant. */
export interface Greeting {
  /** What does the work: `wasm (SIMD, 2 threads)`, `PyTorch (2 threads)`. */
  readonly device: string;
  readonly versions: Readonly<Record<string, string>>;
}

export type Question =
  /** Makes workload `id`: for ours `workload` is the case's name, with `:bare` for its kernels alone; for peers the case's `workload`. Ours writes weights and inputs to `exchange`, a safetensors file; peers read them there. */
  | {
      readonly ask: "prepare";
      readonly id: string;
      readonly workload: string;
      readonly parameters: Parameters;
      readonly seed: number;
      readonly exchange: string;
    }
  /** Runs a prepared workload. */
  | { readonly ask: "run"; readonly id: string; readonly repetitions: number }
  /** Counts the kernels of one call of a prepared workload. */
  | { readonly ask: "kernels"; readonly id: string }
  /** The most memory the process ever had. */
  | { readonly ask: "memory" };

export interface Answers {
  readonly prepare: { readonly check: readonly number[] };
  /** `launches`: of kernels in each call, for devices that count them. */
  readonly run: { readonly milliseconds: readonly number[]; readonly launches?: number };
  /** Null: it does not count them. */
  readonly kernels: { readonly kernels: number | null };
  readonly memory: { readonly peakBytes: number };
}

/** Instead of an answer. */
export interface Failure {
  readonly error: string;
}
