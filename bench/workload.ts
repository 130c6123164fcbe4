/** What a contestant times: prepared once, then run in rounds. */

import type { BackendDevice, Device, HostTensor, Rng } from "@dl/core";

/** Plain numbers and words that say how large a case is; every contestant gets the same. */
export type Parameters = Readonly<Record<string, number>>;

/** What our side of a case is prepared with. */
export interface Preparation {
  readonly device: Device;
  /** The same device without the core around it. */
  readonly backend: BackendDevice;
  readonly parameters: Parameters;
  readonly rng: Rng;
  /** Hands weights and inputs to the peers, which start from the same numbers. */
  readonly share: (tensors: ReadonlyMap<string, HostTensor>) => Promise<void>;
}

export interface Workload {
  /** Numbers that every contestant must find too: losses of the first steps, or outputs. */
  readonly check: readonly number[];
  /** Milliseconds of one call, `repetitions` times. */
  run(repetitions: number): Promise<number[]>;
  /** Kernels launched since the process began, where they are counted. */
  readonly launches?: () => number;
  /** Kernels of one call, counted in a call of its own, where launches are not. */
  readonly kernels?: () => Promise<number>;
}

/** Times `step`; a short one is called `calls` times for each sample. */
export function timed(step: () => Promise<unknown>, { calls = 1 }: { calls?: number } = {}): Workload["run"] {
  return async (repetitions) => {
    const milliseconds: number[] = [];
    for (let i = 0; i < repetitions; i++) {
      const start = performance.now();
      for (let call = 0; call < calls; call++) await step();
      milliseconds.push((performance.now() - start) / calls);
    }
    return milliseconds;
  };
}

/** The same for work that awaits nothing: a promise would cost more than some of it. */
export function timedSync(step: () => unknown, { calls }: { calls: number }): Workload["run"] {
  return async (repetitions) => {
    const milliseconds: number[] = [];
    for (let i = 0; i < repetitions; i++) {
      const start = performance.now();
      for (let call = 0; call < calls; call++) step();
      milliseconds.push((performance.now() - start) / calls);
    }
    return milliseconds;
  };
}
