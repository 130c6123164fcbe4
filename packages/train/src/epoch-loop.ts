/**
 * The loop over epochs: passes, means, callbacks, validation, averaged weights, the way to stop and the place to go on from. What a step does is left
 * to `fit`, and to loops of another kind, such as those of @dl/gan. Read it, copy it, change it.
 */

import { CheckpointError, type Device, type HostTensor, OptionError, type Rng, Yielder } from "@dl/core";
import type { Batches, BatchesOptions, Example, WorkerPass } from "@dl/data";
import type { CommonOptions, Module, Optimizer, Stateful } from "@dl/nn";
import type { Callback, EpochRecord, FitSave, FitSetup, FitState, Metrics, Run } from "./callback.ts";
import { CallbackList, tensorsUnder } from "./callback-list.ts";
import { checkResume } from "./check-resume.ts";
import { type ExampleSource, passOver } from "./pass-over.ts";
import { batchSizeOf } from "./split-batch.ts";
import { WeightedMeans } from "./weighted-means.ts";

/** An average of weights over the steps: `WeightAverage` of @dl/nn, or `EqualAverage`. */
export interface Average extends Stateful {
  /** Takes the present weights in, inside `compute`. */
  update(): void;
  /** Exchanges weights and averages, inside `compute`. */
  swap(): void;
}

export interface FitResult {
  readonly history: readonly EpochRecord[];
  /** `finished`; `stopped` by the signal; `nothing to do: …` for a run that had finished before; or what a callback gave to `run.stop`. */
  readonly reason: string;
  /** In all, those before `resume` included. */
  readonly steps: number;
}

/** What a loop is told of its run. */
export interface EpochLoopOptions<E extends Example, M extends Module = Module> {
  /** Of the function that is called, for errors: `fit`. */
  name: string;
  device: Device;
  /** What checkpoints save. */
  model: M;
  /** Its steps and its learning rate are the run's. */
  optimizer: Optimizer<CommonOptions>;
  /** Of other players, by name; saved beside the first. Default none. */
  otherOptimizers?: Readonly<Record<string, Optimizer<CommonOptions>>>;
  dataset: ExampleSource<E>;
  /** How a pass reads it. */
  reading: Pick<BatchesOptions<E>, "batchSize" | "order" | "collate" | "dropLast" | "transform" | "onDamaged">;
  /** Passes over the dataset in all, those before `resume` included. */
  epochs: number;
  /** Orders the examples, and feeds augmentation. */
  rng: Rng;
  /** Stands in the place of the weights in validation, `onEpoch` and at the end; updated by the step. Default none. */
  average?: Average | undefined;
  /** Whose weights `average` is of. Default `model`. */
  averaged?: Module;
  validate?: (() => Promise<Metrics>) | undefined;
  callbacks?: readonly Callback[] | undefined;
  signal?: AbortSignal | undefined;
}

/** A run. A loop's own class says what a step does, calls `resumeFrom` last in its constructor, and is used once: `await run.toEnd()`. */
export abstract class EpochLoop<E extends Example, M extends Module = Module> implements Run {
  readonly stepsPerEpoch: number;
  epoch = 0;
  step = 0;
  readonly history: EpochRecord[] = [];
  readonly #options: EpochLoopOptions<E, M>;
  readonly #callbacks: CallbackList;
  readonly #means = new WeightedMeans();
  readonly #yielder = new Yielder();
  /** Null between epochs. */
  #pass: Batches<E> | WorkerPass<E> | null = null;
  /** Of the unfinished epoch. */
  #seconds = 0;
  #learningRate = Number.NaN;
  #stopReason: string | undefined;
  #isResumed = false;

  constructor(options: EpochLoopOptions<E, M>) {
    const { name, epochs, dataset, reading } = options;
    if (!Number.isInteger(epochs) || epochs < 0) throw new OptionError(`${name}: expected a whole number of epochs ≥ 0, got ${epochs}.`);
    if (!Number.isInteger(dataset.length)) {
      throw new OptionError(
        `${name}: expected a dataset, which has a length, got none: a stream? Read what fits into memory, arrayDataset(stack(examples)), or loop over batches(stream).`,
      );
    }
    this.#options = options;
    this.#callbacks = new CallbackList(options.callbacks ?? []);
    this.stepsPerEpoch = this.#passOver(0).length;
    if (this.stepsPerEpoch === 0) {
      throw new OptionError(
        `${name}: expected at least one batch an epoch, got none: dropLast leaves out the only one (${dataset.length} examples, batchSize ${reading.batchSize}). Take a smaller batchSize.`,
      );
    }
  }

  /** One step on a batch, and what it tells. */
  protected abstract trainOn(batch: E): Promise<Metrics>;

  /** What an epoch tells at its end beside the means of its steps. Nothing, unless a loop has something to say. */
  protected tellEpoch(): Metrics {
    return {};
  }

  get device(): Device {
    return this.#options.device;
  }
  get model(): M {
    return this.#options.model;
  }
  get optimizer(): Optimizer<CommonOptions> {
    return this.#options.optimizer;
  }
  get epochs(): number {
    return this.#options.epochs;
  }
  get isResumed(): boolean {
    return this.#isResumed;
  }

  stop(reason: string): void {
    this.#stopReason ??= reason;
  }

  /** Epochs to the end, or to the first reason to stop, between every `onStart` and every `onEnd`. */
  async toEnd(): Promise<FitResult> {
    const reason = await this.#callbacks.around(this, () => this.#train());
    return { history: this.history, reason, steps: this.step };
  }

  async #train(): Promise<string> {
    const hadFinished = this.isResumed && this.epoch >= this.epochs;
    while (this.epoch < this.epochs && !this.#isEnding) {
      await this.#trainEpoch();
      if (!this.#isEnding) await this.#closeEpoch();
    }
    await this.#callbacks.pause(this, "end");
    await this.#swapAverage();
    if (this.#stopReason !== undefined) return this.#stopReason;
    if (hadFinished) return `nothing to do: ${this.epoch} of ${this.epochs} epochs were done before`;
    return this.epoch < this.epochs ? "stopped" : "finished";
  }

  get #isEnding(): boolean {
    return this.#stopReason !== undefined || this.#options.signal?.aborted === true;
  }

  /** The rest of the pass at hand, or a new one. */
  async #trainEpoch(): Promise<void> {
    this.#pass ??= this.#passOver(this.epoch);
    const start = performance.now() - this.#seconds * 1000;
    for await (const batch of this.#pass) {
      const batchSize = batchSizeOf(batch);
      this.#learningRate = this.optimizer.learningRates[0]!;
      const metrics = await this.trainOn(batch);
      this.step++;
      this.#means.add(metrics, batchSize);
      this.#seconds = (performance.now() - start) / 1000;
      await this.#callbacks.step(this, {
        step: this.step,
        batch: this.#pass.state.position,
        batchSize,
        metrics: { ...metrics, learningRate: this.#learningRate },
        means: this.#means.result(),
      });
      await this.#callbacks.pause(this, "step");
      await this.#yielder.turn();
      // A next batch would be taken from the pass by the loop itself.
      if (this.#isEnding) return;
    }
  }

  /** Validation, the epoch's record, and what callbacks do with it. */
  async #closeEpoch(): Promise<void> {
    const start = performance.now();
    await this.#swapAverage();
    try {
      const validated = await this.#validate();
      if (validated === undefined) return;
      const record: EpochRecord = {
        epoch: this.epoch,
        step: this.step,
        seconds: this.#seconds + (performance.now() - start) / 1000,
        examplesPerSecond: this.#means.examples / this.#seconds,
        learningRate: this.#learningRate,
        metrics: { ...this.#means.result(), ...this.tellEpoch(), ...validated },
      };
      this.history.push(record);
      this.epoch++;
      this.#pass = null;
      this.#seconds = 0;
      this.#means.reset();
      await this.#callbacks.epoch(this, record);
    } finally {
      await this.#swapAverage();
    }
    await this.#callbacks.pause(this, "epoch");
  }

  /** Undefined when the signal cut it short: the run ends before the epoch is closed, and validates when it is resumed. */
  async #validate(): Promise<Metrics | undefined> {
    const { validate, signal } = this.#options;
    try {
      const metrics = (await validate?.()) ?? {};
      return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`validation/${name}`, value]));
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return undefined;
      throw error;
    }
  }

  /** Puts the average in place of the weights, or the weights back. */
  async #swapAverage(): Promise<void> {
    const { device, average } = this.#options;
    if (average && this.step > 0) await device.compute(() => average.swap());
  }

  #passOver(epoch: number): Batches<E> | WorkerPass<E> {
    const { name, dataset, reading, rng } = this.#options;
    return passOver(name, dataset, { ...reading, shuffle: rng.fork(`shuffle ${epoch}`), rng: rng.fork(`augment ${epoch}`) });
  }

  get #setup(): FitSetup {
    const { dataset, reading, rng } = this.#options;
    return { examples: dataset.length, batchSize: reading.batchSize, dropLast: reading.dropLast ?? false, rng: rng.state.key };
  }

  async save(): Promise<FitSave> {
    const { average, averaged = this.model as Module, otherOptimizers = {} } = this.#options;
    const tensors = new Map(this.#callbacks.tensors());
    const put = (prefix: string, named: ReadonlyMap<string, HostTensor>): void => {
      for (const [path, tensor] of named) tensors.set(`${prefix}/${path}`, tensor);
    };
    const averages = await average?.read(averaged);
    if (averages) put("average", averages.tensors);
    const otherSteps: Record<string, number> = {};
    for (const [name, optimizer] of Object.entries(otherOptimizers)) {
      const read = await optimizer.read(this.model);
      otherSteps[name] = read.step;
      put(`${name}Optimizer`, read.tensors);
    }
    const state: FitState = {
      setup: this.#setup,
      epoch: this.epoch,
      step: this.step,
      optimizerStep: this.optimizer.step,
      otherSteps,
      averageStep: averages?.step ?? null,
      batches: this.#pass?.state ?? null,
      ...this.#means.state(),
      seconds: this.#seconds,
      learningRate: this.#learningRate,
      history: [...this.history],
      callbacks: this.#callbacks.state(),
    };
    return { state, tensors };
  }

  /** Goes on from there; model and optimizer hold the weights of that moment already. */
  protected resumeFrom({ state, tensors }: FitSave): void {
    const { name, average, averaged = this.model as Module, dataset, reading, otherOptimizers = {} } = this.#options;
    checkResume(state, { setup: this.#setup, optimizerStep: this.optimizer.step, hasAverage: average !== undefined });
    const [saved, wanted] = [state.otherSteps ?? {}, otherOptimizers].map((named) => Object.keys(named).sort().join(" and ") || "none");
    if (saved !== wanted) {
      throw new CheckpointError(
        `${name}: expected a checkpoint with another optimizer of ${wanted}, got one of ${saved}. Resume it with the function that wrote it.`,
      );
    }
    this.#isResumed = true;
    this.epoch = state.epoch;
    this.step = state.step;
    this.history.push(...state.history);
    this.#seconds = state.seconds;
    this.#learningRate = state.learningRate;
    this.#means.restore(state);
    if (state.batches) this.#pass = passOver(name, dataset, { ...reading, resume: state.batches });
    for (const [other, optimizer] of Object.entries(otherOptimizers)) {
      optimizer.load(this.model, { step: state.otherSteps![other]!, tensors: tensorsUnder(tensors, `${other}Optimizer`) });
    }
    if (average) average.load(averaged, { step: state.averageStep!, tensors: tensorsUnder(tensors, "average") });
    this.#callbacks.restore(state.callbacks, tensors);
  }
}
