/** What the page and the worker say to each other about how fast a device is. */

import type { JobContract } from "../../engine/protocol.ts";

/** One measurement. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it tells. */
  readonly meaning: string;
}

export interface KernelTime {
  readonly name: string;
  readonly launches: number;
  readonly milliseconds: number;
}

export type DevicesEvent =
  | { readonly kind: "measured"; readonly measurement: Measurement }
  | { readonly kind: "profiled"; readonly kernels: readonly KernelTime[]; readonly milliseconds: number };

export interface DevicesContract extends JobContract {
  readonly settings: Record<never, never>;
  readonly payload: undefined;
  readonly event: DevicesEvent;
  readonly asks: Record<never, never>;
}
