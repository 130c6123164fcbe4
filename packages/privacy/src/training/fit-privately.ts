/** `fit` with DP-SGD's steps: the same callbacks and checkpoints, and an account of the privacy spent. */

import { type Device, OptionError, type Rng } from "@dl/core";
import type { Example } from "@dl/data";
import type { CommonOptions, Module, Optimizer } from "@dl/nn";
import {
  type Callback,
  CallbackList,
  checkResume,
  type EpochRecord,
  type FitResult,
  type FitSave,
  type FitState,
  type Metrics,
  type Run,
  Yielder,
} from "@dl/train";
import { RdpAccountant } from "../accounting/rdp-accountant.ts";
import { type PrivateStepOptions, PrivateStepper, type PrivateStepResult } from "./private-step.ts";

export interface FitPrivatelyOptions<E extends Example> extends PrivateStepOptions<E> {
  /** So many times the steps in which an example is seen once on average, those before `resume` included. */
  epochs: number;
  /** ε is told at this δ, commonly below 1 ÷ examples. */
  delta: number;
  /** Draws samples and noise, and feeds augmentation and dropout. */
  rng: Rng;
  /** Called after each epoch; what it gives is logged under `validation/…`. On public data: choosing a model by private data costs budget. */
  validate?: () => Promise<Metrics>;
  callbacks?: readonly Callback[];
  /** Aborting it ends the run after the step at hand. */
  signal?: AbortSignal;
  /** From `resumeFrom` of @dl/train/node: the run goes on with the same bits. */
  resume?: FitSave;
}

export interface FitPrivatelyResult extends FitResult {
  /** Every step the model has seen, those before `resume` included. */
  readonly accountant: RdpAccountant;
  /** At `delta`. */
  readonly epsilon: number;
}

/**
 * Trains with differential privacy. The metrics `loss` and `clipped` are of private data, without noise; `epsilon` is what is spent so far.
 *
 * @throws OptionError for bad options, or a model whose examples do not stay apart; CheckpointError for a `resume` of another run.
 * @example
 * const { epsilon } = await fitPrivately({
 *   device, model, optimizer, dataset, batchSize: 512, epochs: 10, maxNorm: 1, noiseMultiplier: 1.1, delta: 1e-5, rng: rng.fork("fit"),
 *   losses: ({ images, labels }, mode) => crossEntropy(model.forward(images, mode), labels, { reduction: "none" }),
 * });
 */
export async function fitPrivately<E extends Example>(options: FitPrivatelyOptions<E>): Promise<FitPrivatelyResult> {
  using run = new PrivateRun(options);
  const reason = await run.callbacks.around(run, () => run.train());
  const { history, step: steps, accountant } = run;
  return { history, reason, steps, accountant, epsilon: accountant.epsilon(options.delta) };
}

/** Sums of an epoch over its examples. */
interface EpochSums {
  loss: number;
  clipped: number;
  examples: number;
}

class PrivateRun<E extends Example> implements Run, Disposable {
  readonly callbacks: CallbackList;
  readonly stepsPerEpoch: number;
  readonly isResumed: boolean;
  readonly accountant: RdpAccountant = new RdpAccountant();
  readonly history: EpochRecord[] = [];
  epoch = 0;
  step = 0;
  readonly #options: FitPrivatelyOptions<E>;
  readonly #stepper: PrivateStepper<E>;
  readonly #yielder = new Yielder();
  #sums: EpochSums = { loss: 0, clipped: 0, examples: 0 };
  #seconds = 0;
  #learningRate = Number.NaN;
  #stopReason: string | undefined;

  constructor(options: FitPrivatelyOptions<E>) {
    const { epochs, dataset, batchSize, delta, callbacks = [], resume } = options;
    if (!Number.isInteger(epochs) || epochs < 0)
      throw new OptionError(`fitPrivately: expected a whole number of epochs ≥ 0, got ${epochs}.`);
    this.#options = options;
    this.#stepper = new PrivateStepper(options);
    // Before the training, not after it: bad numbers would be found at its end.
    this.accountant.add({ ...this.#mechanism(options), steps: 0 });
    this.accountant.epsilon(delta);
    this.stepsPerEpoch = Math.ceil(dataset.length / batchSize);
    this.callbacks = new CallbackList(callbacks);
    this.isResumed = resume !== undefined;
    if (resume) this.#restore(resume);
  }

  get device(): Device {
    return this.#options.device;
  }
  get model(): Module {
    return this.#options.model;
  }
  get optimizer(): Optimizer<CommonOptions> {
    return this.#options.optimizer;
  }
  get epochs(): number {
    return this.#options.epochs;
  }

  stop(reason: string): void {
    this.#stopReason ??= reason;
  }

  async train(): Promise<string> {
    const hadFinished = this.isResumed && this.epoch >= this.epochs;
    while (this.epoch < this.epochs && !this.#isEnding) {
      await this.#trainEpoch();
      if (!this.#isEnding) await this.#closeEpoch();
    }
    await this.callbacks.pause(this, "end");
    if (this.#stopReason !== undefined) return this.#stopReason;
    if (hadFinished) return `nothing to do: ${this.epoch} of ${this.epochs} epochs were done before`;
    return this.epoch < this.epochs ? "stopped" : "finished";
  }

  get #isEnding(): boolean {
    return this.#stopReason !== undefined || this.#options.signal?.aborted === true;
  }

  #mechanism({ noiseMultiplier, batchSize, dataset }: FitPrivatelyOptions<E>): { noiseMultiplier: number; sampleRate: number } {
    return { noiseMultiplier, sampleRate: batchSize / dataset.length };
  }

  async #trainEpoch(): Promise<void> {
    const start = performance.now() - this.#seconds * 1000;
    for (let batch = this.step - this.epoch * this.stepsPerEpoch; batch < this.stepsPerEpoch; batch++) {
      this.#learningRate = this.optimizer.learningRates[0]!;
      const result = await this.#stepper.step(this.#options.rng.fork(`step ${this.step}`));
      this.accountant.add({ ...this.#mechanism(this.#options), steps: 1 });
      this.step++;
      this.#count(result);
      this.#seconds = (performance.now() - start) / 1000;
      await this.callbacks.step(this, {
        step: this.step,
        batch: batch + 1,
        batchSize: result.examples,
        metrics: { loss: result.loss, clipped: result.clipped, learningRate: this.#learningRate },
        means: this.#means(),
      });
      await this.callbacks.pause(this, "step");
      await this.#yielder.turn();
      if (this.#isEnding) return;
    }
  }

  #count({ examples, loss, clipped }: PrivateStepResult): void {
    if (examples === 0) return;
    this.#sums.loss += loss * examples;
    this.#sums.clipped += clipped * examples;
    this.#sums.examples += examples;
  }

  #means(): Metrics {
    const { loss, clipped, examples } = this.#sums;
    return { loss: loss / examples, clipped: clipped / examples };
  }

  async #closeEpoch(): Promise<void> {
    const start = performance.now();
    const validated = await this.#validate();
    if (validated === undefined) return;
    const record: EpochRecord = {
      epoch: this.epoch,
      step: this.step,
      seconds: this.#seconds + (performance.now() - start) / 1000,
      examplesPerSecond: this.#sums.examples / this.#seconds,
      learningRate: this.#learningRate,
      metrics: { ...this.#means(), epsilon: this.accountant.epsilon(this.#options.delta), ...validated },
    };
    this.history.push(record);
    this.epoch++;
    this.#seconds = 0;
    this.#sums = { loss: 0, clipped: 0, examples: 0 };
    await this.callbacks.epoch(this, record);
    await this.callbacks.pause(this, "epoch");
  }

  /** Undefined when the signal cut it short. */
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

  get #setup(): FitState["setup"] {
    const { dataset, batchSize, rng } = this.#options;
    return { examples: dataset.length, batchSize, dropLast: false, rng: rng.state.key };
  }

  /** Samples follow from the step's number: there is no pass over the data to be saved. */
  async save(): Promise<FitSave> {
    const { loss, clipped, examples } = this.#sums;
    const state: FitState = {
      setup: this.#setup,
      epoch: this.epoch,
      step: this.step,
      optimizerStep: this.optimizer.step,
      averageStep: null,
      batches: null,
      sums: { loss, clipped },
      examples,
      seconds: this.#seconds,
      learningRate: this.#learningRate,
      history: [...this.history],
      callbacks: this.callbacks.state(),
    };
    return { state, tensors: new Map(this.callbacks.tensors()) };
  }

  #restore({ state, tensors }: FitSave): void {
    checkResume(state, { setup: this.#setup, optimizerStep: this.optimizer.step, hasAverage: false });
    this.epoch = state.epoch;
    this.step = state.step;
    this.accountant.add({ ...this.#mechanism(this.#options), steps: state.step });
    this.history.push(...state.history);
    this.#seconds = state.seconds;
    this.#learningRate = state.learningRate;
    this.#sums = { loss: state.sums.loss ?? 0, clipped: state.sums.clipped ?? 0, examples: state.examples };
    this.callbacks.restore(state.callbacks, tensors);
  }

  [Symbol.dispose](): void {
    this.#stepper[Symbol.dispose]();
  }
}
