/** What listens to a run: progress, early stopping, logs, checkpoints. */

import type { Device, HostTensor } from "@dl/core";
import type { BatchesState } from "@dl/data";
import type { CommonOptions, Module, Optimizer } from "@dl/nn";

/** Numbers by name: `loss`, `accuracy`, `validation/loss`. */
export type Metrics = Readonly<Record<string, number>>;

/** One finished epoch. */
export interface EpochRecord {
  /** From 0. */
  readonly epoch: number;
  /** Optimizer steps done since the start of the run. */
  readonly step: number;
  /** Seconds the epoch took, validation included. */
  readonly seconds: number;
  /** Means over the epoch, and what validation gave under `validation/…`. */
  readonly metrics: Metrics;
}

/** Where a run stands: plain JSON. With the tensors of the model, the optimizer and the callbacks it is all that `resume` needs. */
export interface FitState {
  readonly epoch: number;
  readonly step: number;
  /** Of the pass over the data that was going on; null between epochs. */
  readonly batches: BatchesState | null;
  /** Sums of the unfinished epoch, and the examples they count. */
  readonly sums: Metrics;
  readonly examples: number;
  /** Seconds spent in the unfinished epoch. */
  readonly seconds: number;
  readonly history: readonly EpochRecord[];
  /** By name of the callback. */
  readonly callbacks: Readonly<Record<string, unknown>>;
}

/** The run as callbacks see it. */
export interface Run {
  readonly device: Device;
  readonly model: Module;
  readonly optimizer: Optimizer<CommonOptions>;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly epoch: number;
  readonly step: number;
  readonly history: readonly EpochRecord[];
  /** Ends the run after this step; the first reason counts. */
  stop(reason: string): void;
  /** Where the run stands, for a checkpoint. */
  state(): FitState;
  /** What callbacks keep in tensors, as `<callback>/<name>`. */
  tensors(): ReadonlyMap<string, HostTensor>;
}

/** One finished step. */
export interface StepRecord {
  /** Steps done, this one included. */
  readonly step: number;
  /** Batches of this epoch done, this one included. */
  readonly batch: number;
  readonly batchSize: number;
  /** What the step function returned; `learningRate` of the first group beside it. */
  readonly metrics: Metrics;
  /** Means of this epoch so far. */
  readonly means: Metrics;
}

/** Every method may be left out, and may return a promise, which is awaited. */
export interface Callback {
  /** Under which its state is saved; unique in a run. */
  readonly name: string;
  onStart?(run: Run): void | Promise<void>;
  onStep?(run: Run, record: StepRecord): void | Promise<void>;
  onEpoch?(run: Run, record: EpochRecord): void | Promise<void>;
  /** Always called once after `onStart`, also when the run failed. */
  onEnd?(run: Run, end: { readonly reason: string }): void | Promise<void>;
  /** Plain JSON that `restore` takes when a run is resumed. */
  state?(): unknown;
  restore?(state: unknown): void;
  /** Host tensors to be saved beside `state`, such as the best weights. */
  tensors?(): ReadonlyMap<string, HostTensor>;
  restoreTensors?(tensors: ReadonlyMap<string, HostTensor>): void;
}
