/** What the page and the worker say to each other about a search for networks. */

import type { LabelledBytes } from "../../data/shard-format.ts";
import type { JobContract } from "../../engine/protocol.ts";

export type StrategyName = "nsga2" | "ageing" | "random";

export interface EvolveSettings {
  readonly set: "mnist" | "fashion";
  readonly strategy: StrategyName;
  readonly trials: number;
  readonly population: number;
  /** Training images of each trial, and passes over them. */
  readonly count: number;
  readonly epochs: number;
  readonly seed: number;
}

export interface EvolvePayload {
  readonly title: string;
  readonly shape: readonly [number, number, number];
  readonly statistics: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] };
  readonly train: LabelledBytes;
  readonly test: LabelledBytes;
}

/** One network that was tried. */
export interface TrialEvent {
  readonly kind: "trial";
  readonly number: number;
  /** The trials it descends from. */
  readonly parents: readonly number[];
  /** The network as words, as Classify takes it. */
  readonly layers: string;
  readonly learningRate: number;
  /** NaN when it failed. */
  readonly accuracy: number;
  readonly parameters: number;
  readonly seconds: number;
  /** Tried before: its result was remembered. */
  readonly remembered: boolean;
}

export type EvolveEvent =
  | TrialEvent
  | { readonly kind: "training"; readonly number: number; readonly layers: string; readonly share: number };

export interface EvolveContract extends JobContract {
  readonly settings: EvolveSettings;
  readonly payload: EvolvePayload;
  readonly event: EvolveEvent;
  readonly asks: Record<never, never>;
}
