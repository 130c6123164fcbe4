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
  /** Training examples a second, validation left out. */
  readonly examplesPerSecond: number;
  /** Of the first parameter group, at the epoch's last step. */
  readonly learningRate: number;
  /** Means over the epoch, and what validation gave under `validation/…`. */
  readonly metrics: Metrics;
}

/** What a resumed run must have in common with the one that was saved. */
export interface FitSetup {
  /** Examples in the dataset. */
  readonly examples: number;
  readonly batchSize: number;
  readonly dropLast: boolean;
  readonly rng: readonly [number, number];
}

/**
 * Where a run stands. With the tensors of the model, the optimizer and the callbacks it is all that `resume` needs.
 *
 * Plain data, in which metrics may be NaN: write it with `toJson`, read it with `fromJson`.
 */
export interface FitState {
  readonly setup: FitSetup;
  readonly epoch: number;
  readonly step: number;
  readonly optimizerStep: number;
  /** Of the other players' optimizers, by name; their slots are among the tensors, as `<name>Optimizer/<path>`. Runs of before had none. */
  readonly otherSteps?: Readonly<Record<string, number>>;
  /** Updates of the weight average; null without one. */
  readonly averageStep: number | null;
  /** Of the pass over the data that was going on; null between epochs. */
  readonly batches: BatchesState | null;
  /** Sums of the unfinished epoch, the examples each metric was told of (all, in runs of before), and the examples in all. */
  readonly sums: Metrics;
  readonly counts?: Metrics;
  readonly examples: number;
  /** Seconds spent in the unfinished epoch. */
  readonly seconds: number;
  /** At the last step. */
  readonly learningRate: number;
  readonly history: readonly EpochRecord[];
  /** By name of the callback. */
  readonly callbacks: Readonly<Record<string, unknown>>;
}

/** A run apart from its model and optimizer: what `resume` of `fit` takes. */
export interface FitSave {
  readonly state: FitState;
  /** What callbacks keep in tensors, as `<callback>/<name>`, and the weight average, as `average/<path>`. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
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
  /** Whether it goes on from a checkpoint. */
  readonly isResumed: boolean;
  readonly history: readonly EpochRecord[];
  /** Ends the run after this step; the first reason counts. */
  stop(reason: string): void;
  /** Where the run stands, for a checkpoint; whole in `onPause`. Weights and optimizer are saved beside it. */
  save(): Promise<FitSave>;
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

/** After a step, after an epoch, or when the run ends in order. */
export type Moment = "step" | "epoch" | "end";

/**
 * Every method may be left out; those that begin with `on` may return a promise, which is awaited. Callbacks are called in
 * their order in the list, each moment for all of them before the next.
 */
export interface Callback {
  /** Under which its state is saved; unique in a run. */
  readonly name: string;
  onStart?(run: Run): void | Promise<void>;
  onStep?(run: Run, record: StepRecord): void | Promise<void>;
  /** After validation. With an `average`, the model holds the averaged weights here. */
  onEpoch?(run: Run, record: EpochRecord): void | Promise<void>;
  /**
   * Every callback has seen what came before, and the model holds the weights that are trained: the moment for a checkpoint.
   * Not called when the run failed.
   */
  onPause?(run: Run, moment: Moment): void | Promise<void>;
  /** Always called once after an `onStart` that succeeded; when the run, another `onStart` or another `onEnd` failed, too. */
  onEnd?(run: Run, end: { readonly reason: string }): void | Promise<void>;
  /** Plain data that `restore` takes when a run is resumed. */
  state?(): unknown;
  restore?(state: unknown): void;
  /** Host tensors to be saved beside `state`, such as the best weights. */
  tensors?(): ReadonlyMap<string, HostTensor>;
  restoreTensors?(tensors: ReadonlyMap<string, HostTensor>): void;
}
