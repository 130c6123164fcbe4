/** A line of the table: one claim, measured beside its peers and held to its floors. */

import type { Plan } from "./measure/rounds.ts";
import type { Parameters, Preparation, Workload } from "./workload.ts";

/** `bare`: our own kernels, called without the core. */
export type PeerName = "torch" | "tfjs-cpu" | "tfjs-wasm" | "tfjs-webgpu" | "bare";

export const peerTitles: Readonly<Record<PeerName, string>> = {
  torch: "PyTorch",
  "tfjs-cpu": "tfjs cpu",
  "tfjs-wasm": "tfjs-wasm",
  "tfjs-webgpu": "tfjs-webgpu",
  bare: "bare kernels",
};

/** What ran ours, as far as floors depend on it. */
export interface Engine {
  readonly nodeMajor: number;
  readonly relaxed: boolean;
}

/** What a result must reach. `ratio` is ours / peer: below 1 we need less. `rate` is GFLOPS. */
export type Floor =
  | { readonly of: "ratio"; readonly peer: PeerName; readonly atMost: (engine: Engine) => number }
  /** Kernels of a call, ours / theirs. */
  | { readonly of: "launches"; readonly peer: PeerName; readonly atMost: number }
  | { readonly of: "rate"; readonly atLeast: number };

export interface BenchCase {
  /** What `--only` takes. */
  readonly name: string;
  readonly title: string;
  /** Name of the workload in the peers' programs. */
  readonly workload: string;
  readonly parameters: Parameters;
  /** What `--quick` makes smaller. */
  readonly quick?: Parameters;
  readonly device: "wasm" | "cpu" | "webgpu";
  /** Milliseconds of a call, or the process's peak memory after a number of calls. */
  readonly measures: "time" | "memory";
  readonly prepare: (preparation: Preparation) => Promise<Workload>;
  /** The same kernels without the core, for the peer `bare`. */
  readonly prepareBare?: (preparation: Preparation) => Promise<Workload>;
  readonly peers: readonly PeerName[];
  /** Turns of its own, beside a peer that takes seconds for a call. Default those of the run. */
  readonly plan?: Partial<Plan>;
  /** Largest relative difference between the checks of two contestants. */
  readonly tolerance: number;
  /** Floating-point operations of a call, where a rate is of interest. */
  readonly operations?: (parameters: Parameters) => number;
  readonly floors: readonly Floor[];
}
