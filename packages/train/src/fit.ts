/** The training loop most users want, written out of public parts: read it, copy it, change it. */

import {
  type Device,
  type Gradients,
  type HostTensor,
  OptionError,
  type Rng,
  type Scalar,
  type Tensor,
  upload,
  valueAndGrad,
} from "@dl/core";
import { type Batches, batches, type Collate, type Dataset, type Example, type Order, type Transform } from "@dl/data";
import {
  type CommonOptions,
  clipByGlobalNorm,
  GradientAccumulator,
  type Mode,
  type Module,
  type Optimizer,
  type Parameter,
  type Stateful,
  training,
} from "@dl/nn";
import type { Callback, EpochRecord, FitSave, FitSetup, FitState, Metrics, Run } from "./callback.ts";
import { CallbackList, tensorsUnder } from "./callback-list.ts";
import { withLabelCheck } from "./check-labels.ts";
import { checkResume } from "./check-resume.ts";
import { batchSizeOf, splitBatch } from "./split-batch.ts";
import { WeightedMeans } from "./weighted-means.ts";
import { Yielder } from "./yielder.ts";

/** A batch on the device. */
export type Tensors<E extends Example> = { [K in keyof E]: Tensor };

/** The loss, or the loss and other scalars to be logged beside it. */
export type StepResult = Scalar | ({ readonly loss: Scalar } & Readonly<Record<string, Scalar>>);

/** An average of weights over the steps: `WeightAverage` of @dl/nn, or `EqualAverage`. */
export interface Average extends Stateful {
  /** Takes the present weights in, inside `compute`. */
  update(): void;
  /** Exchanges weights and averages, inside `compute`. */
  swap(): void;
}

export interface FitOptions<E extends Example> {
  device: Device;
  model: Module;
  /** Its parameters are the ones trained. */
  optimizer: Optimizer<CommonOptions>;
  dataset: Dataset<E>;
  batchSize: number;
  /** Passes over the dataset in all, those before `resume` included. */
  epochs: number;
  /** The forward pass and the loss of one batch. */
  step: (batch: Tensors<E>, mode: Mode) => StepResult;
  /** Orders the examples, and feeds augmentation and dropout. */
  rng: Rng;
  /** Augmentation and normalisation, on the host. */
  transform?: Transform<E> | readonly Transform<E>[];
  /** Which examples an epoch reads and in which order, such as `lengthOrder`. Default: each once, shuffled. */
  order?: Order;
  /** Makes a batch of examples, such as `padFields`. Default: they are stacked. */
  collate?: Collate<E>;
  /** Leaves out a last, smaller batch. Default false. */
  dropLast?: boolean;
  /** Longest global norm of the gradients. Default no limit. */
  clipNorm?: number;
  /**
   * Computes each batch in so many parts, one after the other, and steps once: less memory, and for a loss that is a mean over
   * the examples the same step. Batch norm sees the parts. Default 1.
   */
  accumulate?: number;
  /** Takes in the weights after each step; stands in their place in validation, `onEpoch` and at the end. Default none. */
  average?: Average;
  /** Called after each epoch; what it gives is logged under `validation/…`. Aborting `signal` may make it throw. */
  validate?: () => Promise<Metrics>;
  callbacks?: readonly Callback[];
  /** Aborting it ends the run after the step at hand. */
  signal?: AbortSignal;
  /**
   * From `resumeFrom` of @dl/train/node, or `run.save()`; model and optimizer must hold the weights of that moment already. The run
   * goes on with the same bits.
   */
  resume?: FitSave;
}

export interface FitResult {
  readonly history: readonly EpochRecord[];
  /** `finished`; `stopped` by the signal; `nothing to do: …` for a run that had finished before; or what a callback gave to `run.stop`. */
  readonly reason: string;
  /** In all, those before `resume` included. */
  readonly steps: number;
}

/**
 * Trains a model.
 *
 * @throws OptionError for bad options, CheckpointError for a `resume` of another run, DataError for an empty dataset or a label that
 * is no class; whatever `step`, `validate` or a callback throws, after every `onEnd` ran.
 * @example
 * await fit({
 *   device, model, optimizer, dataset, batchSize: 64, epochs: 3, rng: rng.fork("fit"),
 *   step: ({ images, labels }, mode) => crossEntropy(model.forward(images, mode), labels),
 * });
 */
export async function fit<E extends Example>(options: FitOptions<E>): Promise<FitResult> {
  using run = new FitRun(options);
  const reason = await run.callbacks.around(run, () => run.train());
  return { history: run.history, reason, steps: run.step };
}

/** One call of `fit`: the loop, and what callbacks see of it. */
class FitRun<E extends Example> implements Run, Disposable {
  readonly callbacks: CallbackList;
  readonly stepsPerEpoch: number;
  readonly isResumed: boolean;
  epoch = 0;
  step = 0;
  readonly history: EpochRecord[] = [];
  readonly #options: FitOptions<E>;
  readonly #transform: readonly Transform<E>[];
  readonly #accumulator: GradientAccumulator | undefined;
  readonly #means = new WeightedMeans();
  readonly #yielder = new Yielder();
  /** Null between epochs. */
  #pass: Batches<E> | null = null;
  /** Of the unfinished epoch. */
  #seconds = 0;
  #learningRate = Number.NaN;
  #stopReason: string | undefined;

  constructor(options: FitOptions<E>) {
    const { dataset, epochs, accumulate = 1, optimizer, resume } = options;
    if (!Number.isInteger(epochs) || epochs < 0) throw new OptionError(`fit: expected a whole number of epochs ≥ 0, got ${epochs}.`);
    if (!Number.isInteger(accumulate) || accumulate < 1) throw new OptionError(`fit: expected a whole accumulate ≥ 1, got ${accumulate}.`);
    const own = new Set<unknown>(options.model.parameters());
    if (!parametersOf(optimizer).some((parameter) => own.has(parameter))) {
      throw new OptionError(
        "fit: expected the optimizer to hold parameters of the model, got none of them. Make it from model.parameters().",
      );
    }
    this.#options = options;
    this.#transform = withLabelCheck(dataset, options.transform);
    this.#accumulator = accumulate > 1 ? new GradientAccumulator(parametersOf(optimizer)) : undefined;
    this.callbacks = new CallbackList(options.callbacks ?? []);
    this.isResumed = resume !== undefined;
    this.stepsPerEpoch = this.#passOver(0).length;
    if (this.stepsPerEpoch === 0) {
      throw new OptionError(
        `fit: expected at least one batch an epoch, got none: dropLast leaves out the only one (${dataset.length} examples, batchSize ${options.batchSize}).`,
      );
    }
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

  /** Epochs to the end, or to the first reason to stop. */
  async train(): Promise<string> {
    const hadFinished = this.isResumed && this.epoch >= this.epochs;
    while (this.epoch < this.epochs && !this.#isEnding) {
      await this.#trainEpoch();
      if (!this.#isEnding) await this.#closeEpoch();
    }
    await this.callbacks.pause(this, "end");
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
    for (const batch of this.#pass) {
      const metrics = await this.#trainOn(batch);
      const batchSize = batchSizeOf(batch);
      this.step++;
      this.#means.add(metrics, batchSize);
      this.#seconds = (performance.now() - start) / 1000;
      await this.callbacks.step(this, {
        step: this.step,
        batch: this.#pass.state.position,
        batchSize,
        metrics: { ...metrics, learningRate: this.#learningRate },
        means: this.#means.result(),
      });
      await this.callbacks.pause(this, "step");
      await this.#yielder.turn();
      // A next batch would be taken from the pass by the loop itself.
      if (this.#isEnding) return;
    }
  }

  /** One step of the optimizer: loss and gradients, part by part, then the update. */
  async #trainOn(batch: E): Promise<Metrics> {
    const { device, optimizer, step, rng, clipNorm, accumulate = 1, average } = this.#options;
    const parameters = parametersOf(optimizer);
    const mode = training(rng.fork(`step ${this.step}`));
    this.#learningRate = optimizer.learningRates[0]!;
    const parts = splitBatch(batch, accumulate);
    const means = new WeightedMeans();
    for (const part of parts) {
      const share = (batchSizeOf(part) * parts.length) / batchSizeOf(batch);
      const value = await device.compute(() => {
        const tensors = upload<E & Record<string, HostTensor>>(part);
        const { value, grads } = valueAndGrad(() => step(tensors, mode), parameters);
        this.#accumulator?.add(share === 1 ? grads : scaled(grads, share));
        if (part === parts.at(-1)) {
          const gradients = this.#accumulator?.takeMean() ?? grads;
          optimizer.update(clipNorm === undefined ? gradients : clipByGlobalNorm(gradients, clipNorm));
          average?.update();
        }
        return value;
      });
      means.add(typeof value === "number" ? { loss: value } : (value as Metrics), batchSizeOf(part));
    }
    return means.result();
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
        metrics: { ...this.#means.result(), ...validated },
      };
      this.history.push(record);
      this.epoch++;
      this.#pass = null;
      this.#seconds = 0;
      this.#means.reset();
      await this.callbacks.epoch(this, record);
    } finally {
      await this.#swapAverage();
    }
    await this.callbacks.pause(this, "epoch");
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

  #passOver(epoch: number): Batches<E> {
    const { rng } = this.#options;
    return batches(this.#options.dataset, {
      ...this.#reading,
      shuffle: rng.fork(`shuffle ${epoch}`),
      rng: rng.fork(`augment ${epoch}`),
    });
  }

  get #reading() {
    const { batchSize, dropLast, order, collate } = this.#options;
    return { batchSize, dropLast, order, collate, transform: this.#transform };
  }

  get #setup(): FitSetup {
    const { dataset, batchSize, dropLast = false, rng } = this.#options;
    return { examples: dataset.length, batchSize, dropLast, rng: rng.state.key };
  }

  async save(): Promise<FitSave> {
    const average = await this.#options.average?.read(this.model);
    const averages = [...(average?.tensors ?? [])].map(([path, tensor]) => [`average/${path}`, tensor] as const);
    const state: FitState = {
      setup: this.#setup,
      epoch: this.epoch,
      step: this.step,
      optimizerStep: this.optimizer.step,
      averageStep: average?.step ?? null,
      batches: this.#pass?.state ?? null,
      ...this.#means.state(),
      seconds: this.#seconds,
      learningRate: this.#learningRate,
      history: [...this.history],
      callbacks: this.callbacks.state(),
    };
    return { state, tensors: new Map([...this.callbacks.tensors(), ...averages]) };
  }

  #restore({ state, tensors }: FitSave): void {
    const { average, dataset, model } = this.#options;
    checkResume(state, { setup: this.#setup, optimizerStep: this.optimizer.step, hasAverage: average !== undefined });
    this.epoch = state.epoch;
    this.step = state.step;
    this.history.push(...state.history);
    this.#seconds = state.seconds;
    this.#learningRate = state.learningRate;
    this.#means.restore(state);
    if (state.batches) this.#pass = batches(dataset, { ...this.#reading, resume: state.batches });
    if (average) average.load(model, { step: state.averageStep!, tensors: tensorsUnder(tensors, "average") });
    this.callbacks.restore(state.callbacks, tensors);
  }

  [Symbol.dispose](): void {
    this.#accumulator?.[Symbol.dispose]();
  }
}

function parametersOf(optimizer: Optimizer<CommonOptions>): Parameter[] {
  return optimizer.groups.flatMap(({ parameters }) => parameters);
}

function scaled(gradients: Gradients, factor: number): Gradients {
  return new Map([...gradients].map(([variable, gradient]) => [variable, gradient.mul(factor)]));
}
