/** The training loop most users want, written out of public parts: read it, copy it, change it. */

import { type Device, type HostTensor, OptionError, type Rng, type Scalar, type Tensor, upload, valueAndGrad } from "@dl/core";
import { type Batches, type BatchesState, batches, type Dataset, type Example, type Transform } from "@dl/data";
import { type CommonOptions, clipByGlobalNorm, type Mode, type Module, type Optimizer, training } from "@dl/nn";
import type { Callback, EpochRecord, FitState, Metrics, Run } from "./callback.ts";
import { WeightedMeans } from "./weighted-means.ts";
import { Yielder } from "./yielder.ts";

/** A batch on the device. */
export type Tensors<E extends Example> = { [K in keyof E]: Tensor };

/** The loss, or the loss and other scalars to be logged beside it. */
export type StepResult = Scalar | ({ readonly loss: Scalar } & Readonly<Record<string, Scalar>>);

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
  /** Leaves out a last, smaller batch. Default false. */
  dropLast?: boolean;
  /** Longest global norm of the gradients. Default no limit. */
  clipNorm?: number;
  /** Called after each epoch; what it gives is logged under `validation/…`. */
  validate?: () => Promise<Metrics>;
  callbacks?: readonly Callback[];
  /** Aborting it ends the run after the step at hand. */
  signal?: AbortSignal;
  /** From a checkpoint; model and optimizer must hold its weights already. The run goes on with the same bits. */
  resume?: { readonly state: FitState; readonly tensors?: ReadonlyMap<string, HostTensor> };
}

export interface FitResult {
  readonly history: readonly EpochRecord[];
  /** `finished`, `stopped` by the signal, or what a callback gave to `run.stop`. */
  readonly reason: string;
  readonly steps: number;
}

/**
 * Trains a model.
 *
 * @throws OptionError for bad options; whatever `step`, `validate` or a callback throws, after every `onEnd` ran.
 * @example
 * await fit({
 *   device, model, optimizer, dataset, batchSize: 64, epochs: 3, rng: rng.fork("fit"),
 *   step: ({ images, labels }, mode) => crossEntropy(model.forward(images, mode), labels),
 * });
 */
export async function fit<E extends Example>(options: FitOptions<E>): Promise<FitResult> {
  const run = new FitRun(options);
  const { callbacks = [] } = options;
  let reason = "failed";
  for (const callback of callbacks) await callback.onStart?.(run);
  try {
    reason = await run.train();
  } finally {
    for (const callback of callbacks) await callback.onEnd?.(run, { reason });
  }
  return { history: run.history, reason, steps: run.step };
}

/** One call of `fit`: the loop, and what callbacks see of it. */
class FitRun<E extends Example> implements Run {
  readonly stepsPerEpoch: number;
  epoch: number;
  step: number;
  readonly history: EpochRecord[];
  readonly #options: FitOptions<E>;
  readonly #means = new WeightedMeans();
  readonly #yielder = new Yielder();
  #pass: Batches<E> | null = null;
  #seconds: number;
  #stopReason: string | undefined;

  constructor(options: FitOptions<E>) {
    const { epochs, callbacks = [] } = options;
    const resume = options.resume?.state;
    if (!Number.isInteger(epochs) || epochs < 0) throw new OptionError(`fit: expected a whole number of epochs ≥ 0, got ${epochs}.`);
    const names = callbacks.map(({ name }) => name);
    if (new Set(names).size < names.length) throw new OptionError(`fit: expected callbacks of different names, got ${names.join(", ")}.`);
    this.#options = options;
    this.epoch = resume?.epoch ?? 0;
    this.step = resume?.step ?? 0;
    this.history = [...(resume?.history ?? [])];
    this.#seconds = resume?.seconds ?? 0;
    if (resume) {
      this.#means.restore({ sums: resume.sums, examples: resume.examples });
      for (const callback of callbacks) {
        if (callback.name in resume.callbacks) callback.restore?.(resume.callbacks[callback.name]);
        const prefix = `${callback.name}/`;
        const own = [...(options.resume?.tensors ?? [])].filter(([name]) => name.startsWith(prefix));
        if (own.length > 0) callback.restoreTensors?.(new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor])));
      }
    }
    this.stepsPerEpoch = this.#passOver(this.epoch, null).length;
    if (resume?.batches) this.#pass = this.#passOver(this.epoch, resume.batches);
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

  state(): FitState {
    const saved = (this.#options.callbacks ?? []).filter(({ state }) => state);
    return {
      epoch: this.epoch,
      step: this.step,
      batches: this.#pass?.state ?? null,
      ...this.#means.state(),
      seconds: this.#seconds,
      history: [...this.history],
      callbacks: Object.fromEntries(saved.map((callback) => [callback.name, callback.state!()])),
    };
  }

  tensors(): ReadonlyMap<string, HostTensor> {
    const all = (this.#options.callbacks ?? []).flatMap((callback) =>
      [...(callback.tensors?.() ?? [])].map(([name, tensor]) => [`${callback.name}/${name}`, tensor] as const),
    );
    return new Map(all);
  }

  /** Epochs to the end, or to the first reason to stop. */
  async train(): Promise<string> {
    const { validate, callbacks = [], signal } = this.#options;
    while (this.epoch < this.epochs && !this.#ended(signal)) {
      const start = performance.now();
      const before = this.#seconds;
      this.#pass ??= this.#passOver(this.epoch, null);
      for (const batch of this.#pass) {
        await this.#trainOn(batch);
        this.#seconds = before + (performance.now() - start) / 1000;
        if (this.#ended(signal)) break;
      }
      if (this.#pass.state.position < this.#pass.length) break;
      const metrics: Record<string, number> = { ...this.#means.result() };
      for (const [name, value] of Object.entries((await validate?.()) ?? {})) metrics[`validation/${name}`] = value;
      const seconds = before + (performance.now() - start) / 1000;
      const record: EpochRecord = { epoch: this.epoch, step: this.step, seconds, metrics };
      this.history.push(record);
      this.epoch++;
      this.#pass = null;
      this.#seconds = 0;
      this.#means.reset();
      for (const callback of callbacks) await callback.onEpoch?.(this, record);
    }
    return this.#stopReason ?? (signal?.aborted ? "stopped" : "finished");
  }

  #ended(signal: AbortSignal | undefined): boolean {
    return this.#stopReason !== undefined || signal?.aborted === true;
  }

  async #trainOn(batch: E): Promise<void> {
    const { device, optimizer, step, rng, clipNorm, callbacks = [] } = this.#options;
    const mode = training(rng.fork(`step ${this.step}`));
    const [learningRate] = optimizer.learningRates;
    const parameters = optimizer.groups.flatMap((group) => group.parameters);
    const value = await device.compute(() => {
      const tensors = upload<E & Record<string, HostTensor>>(batch);
      const { value, grads } = valueAndGrad(() => step(tensors, mode), parameters);
      optimizer.update(clipNorm === undefined ? grads : clipByGlobalNorm(grads, clipNorm));
      return value;
    });
    this.step++;
    const metrics = typeof value === "number" ? { loss: value } : (value as Metrics);
    const batchSize = Object.values(batch)[0]!.shape[0]!;
    this.#means.add(metrics, batchSize);
    const record = {
      step: this.step,
      batch: this.#pass!.state.position,
      batchSize,
      metrics: { ...metrics, learningRate: learningRate! },
      means: this.#means.result(),
    };
    for (const callback of callbacks) await callback.onStep?.(this, record);
    await this.#yielder.turn();
  }

  #passOver(epoch: number, resume: BatchesState | null): Batches<E> {
    const { dataset, batchSize, transform, dropLast, rng } = this.#options;
    return batches(dataset, {
      batchSize,
      dropLast,
      transform,
      shuffle: rng.fork(`shuffle ${epoch}`),
      rng: rng.fork(`augment ${epoch}`),
      resume: resume ?? undefined,
    });
  }
}
