/** The training loop of a GAN: `fit` of @dl/train for two players. Written out of public parts: read it, copy it, change it. */

import {
  CheckpointError,
  DataError,
  type Device,
  type HostTensor,
  OptionError,
  type Rng,
  type Scalar,
  type Tensor,
  tensor,
  upload,
} from "@dl/core";
import { type Batches, batches, type Dataset, type Example, type Transform } from "@dl/data";
import { type CommonOptions, type Mode, type Optimizer, training } from "@dl/nn";
import {
  type Average,
  type Callback,
  CallbackList,
  checkResume,
  type EpochRecord,
  type FitResult,
  type FitSetup,
  type Metrics,
  type Tensors,
  tensorsUnder,
  Yielder,
} from "@dl/train";
import { type AdversarialLoss, nonSaturating } from "../losses/adversarial-loss.ts";
import { adversarialStep, type Judgement, metricsOf, type PenaltyContext, parametersOf, Readings } from "./adversarial-step.ts";
import { checkExamples } from "./check-examples.ts";
import { type Discriminator, GanPair, type Generator } from "./gan-pair.ts";
import type { GanRun, GanSave, GanState } from "./gan-run.ts";
import { MetricMeans } from "./metric-means.ts";

export interface FitGanOptions<E extends Example> {
  device: Device;
  generator: Generator;
  discriminator: Discriminator;
  /** One a player; give them different rates for the two time-scale rule (Heusel et al. 2017, arXiv:1706.08500). */
  optimizers: { readonly generator: Optimizer<CommonOptions>; readonly discriminator: Optimizer<CommonOptions> };
  dataset: Dataset<E>;
  /** Examples in a batch, at least 2; those left over at the end of a pass wait for the next. */
  batchSize: number;
  /** Passes over the dataset in all, those before `resume` included. */
  epochs: number;
  /** Length of a normal latent vector, or how to draw `[count, …]` of them. */
  latent: number | ((count: number, rng: Rng) => HostTensor);
  /** Orders the examples, and feeds latents, augmentation, penalties and dropout. */
  rng: Rng;
  /** Field of the dataset that holds what the generator imitates. Default `images`. */
  field?: keyof E & string;
  /** Default `nonSaturating()`. */
  loss?: AdversarialLoss;
  /** Added to the discriminator's loss; undefined for a step without. Default none. */
  penalty?: (context: PenaltyContext) => Scalar | undefined;
  /** How the generator is called; conditional ones read the labels in `batch`. Default `generator.forward(latents, mode)`. */
  generate?: (latents: Tensor, batch: Tensors<E>, mode: Mode) => Tensor;
  /** How the discriminator is called. Default `discriminator.forward(examples, mode)`. */
  discriminate?: (examples: Tensor, batch: Tensors<E>, mode: Mode) => Judgement;
  /** Added to the discriminator's loss on real examples and to the generator's: an auxiliary classifier's (Odena et al. 2017, arXiv:1610.09585). Default none. */
  auxiliary?: (judgement: Readonly<Record<string, Tensor>>, batch: Tensors<E>) => Scalar;
  /** What real and generated examples go through before the discriminator: `diffAugment`, `instanceNoise`. Default nothing. */
  augment?: (examples: Tensor, context: { readonly rng: Rng; readonly step: number }) => Tensor;
  /** Steps of the discriminator for each of the generator's; n_dis in the literature. Default 1. */
  discriminatorSteps?: number;
  /** Longest global norm of each player's gradients. Default no limit. */
  clipNorm?: number;
  /** Holds the critic's weights in [−limit, limit]: Wasserstein's first form. Default none. */
  clipWeight?: number;
  /** Normalisation and augmentation, on the host. */
  transform?: Transform<E> | readonly Transform<E>[];
  /** Of the generator's weights (`new WeightAverage(generator)`): stands in their place in validation, `onEpoch` and at the end. Default none. */
  average?: Average;
  /** Called after each epoch; what it gives is logged under `validation/…`, such as scores. */
  validate?: () => Promise<Metrics>;
  callbacks?: readonly Callback[];
  /** Aborting it ends the run after the step at hand. */
  signal?: AbortSignal;
  /** From `resumeFrom` of @dl/train/node, given a `GanPair` and the generator's optimizer. The run goes on with the same bits. */
  resume?: GanSave;
}

/**
 * Trains a generator against a discriminator.
 *
 * Each step tells: the losses and their ratio, mean scores and accuracies on real and fake, the length of both gradients,
 * and `diversity` and `nearest`, which compare distances among generated examples with those among real ones. A loss that is no number ends the run.
 *
 * @throws OptionError for bad options, ShapeError for a generator of other shapes than the data's, DataError for examples that are
 * not numbers or all alike, CheckpointError for a `resume` of another run.
 * @example
 * await fitGan({
 *   device, generator, discriminator, dataset, latent: 100, batchSize: 64, epochs: 20, rng: rng.fork("fit"),
 *   optimizers: {
 *     generator: new Adam(generator.parameters(), { learningRate: 2e-4, beta1: 0.5 }),
 *     discriminator: new Adam(discriminator.parameters(), { learningRate: 2e-4, beta1: 0.5 }),
 *   },
 * });
 */
export async function fitGan<E extends Example>(options: FitGanOptions<E>): Promise<FitResult> {
  using run = new FitGanRun(options);
  const reason = await run.callbacks.around(run, () => run.train());
  return { history: run.history, reason, steps: run.step };
}

class FitGanRun<E extends Example> implements GanRun, Disposable {
  readonly callbacks: CallbackList;
  readonly model: GanPair;
  readonly stepsPerEpoch: number;
  readonly isResumed: boolean;
  epoch = 0;
  step = 0;
  readonly history: EpochRecord[] = [];
  readonly #options: FitGanOptions<E>;
  readonly #readings = new Readings();
  readonly #means = new MetricMeans();
  readonly #yielder = new Yielder();
  /** Null between epochs. */
  #pass: Batches<E> | null = null;
  #seconds = 0;
  #examples = 0;
  #learningRate = Number.NaN;
  #stopReason: string | undefined;

  constructor(options: FitGanOptions<E>) {
    const { generator, discriminator, optimizers, dataset, epochs, batchSize, discriminatorSteps = 1, resume } = options;
    if (!Number.isInteger(epochs) || epochs < 0) throw new OptionError(`fitGan: expected a whole number of epochs ≥ 0, got ${epochs}.`);
    if (!Number.isInteger(batchSize) || batchSize < 2) {
      throw new OptionError(`fitGan: expected a whole batchSize ≥ 2, got ${batchSize}. Diversity and batch norm compare examples.`);
    }
    if (!Number.isInteger(discriminatorSteps) || discriminatorSteps < 1) {
      throw new OptionError(`fitGan: expected a whole number of discriminatorSteps ≥ 1, got ${discriminatorSteps}.`);
    }
    for (const [name, player] of Object.entries({ generator, discriminator })) {
      const own = new Set<unknown>(player.parameters());
      if (!parametersOf(optimizers[name as "generator" | "discriminator"]).every((parameter) => own.has(parameter))) {
        throw new OptionError(
          `fitGan: expected optimizers.${name} to hold parameters of the ${name} only, got others. Make it from ${name}.parameters().`,
        );
      }
    }
    this.#options = options;
    this.model = new GanPair(generator, discriminator);
    this.callbacks = new CallbackList(options.callbacks ?? []);
    this.isResumed = resume !== undefined;
    this.stepsPerEpoch = this.#passOver(0).length;
    if (this.stepsPerEpoch === 0) {
      throw new OptionError(
        `fitGan: expected at least one batch an epoch, got ${dataset.length} examples for a batchSize of ${batchSize}.`,
      );
    }
    if (resume) this.#restore(resume);
  }

  get device(): Device {
    return this.#options.device;
  }
  get optimizer(): Optimizer<CommonOptions> {
    return this.#options.optimizers.generator;
  }
  get discriminatorOptimizer(): Optimizer<CommonOptions> {
    return this.#options.optimizers.discriminator;
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
    await this.#swapAverage();
    if (this.#stopReason !== undefined) return this.#stopReason;
    if (hadFinished) return `nothing to do: ${this.epoch} of ${this.epochs} epochs were done before`;
    return this.epoch < this.epochs ? "stopped" : "finished";
  }

  get #isEnding(): boolean {
    return this.#stopReason !== undefined || this.#options.signal?.aborted === true;
  }

  async #trainEpoch(): Promise<void> {
    this.#pass ??= this.#passOver(this.epoch);
    const start = performance.now() - this.#seconds * 1000;
    for (const batch of this.#pass) {
      const metrics = await this.#trainOn(batch);
      this.step++;
      this.#means.add(metrics);
      this.#examples += this.#options.batchSize;
      this.#seconds = (performance.now() - start) / 1000;
      this.#stopAtNaN(metrics);
      await this.callbacks.step(this, {
        step: this.step,
        batch: this.#pass.state.position,
        batchSize: this.#options.batchSize,
        metrics: { ...metrics, learningRate: this.#learningRate },
        means: this.#means.result(),
      });
      await this.callbacks.pause(this, "step");
      await this.#yielder.turn();
      if (this.#isEnding) return;
    }
  }

  async #trainOn(batch: E): Promise<Metrics> {
    const { device, optimizers, rng, latent, loss = nonSaturating(), discriminatorSteps = 1, field = "images", average } = this.#options;
    const { augment, auxiliary, penalty, clipNorm, clipWeight } = this.#options;
    const { step } = this;
    const stream = rng.fork(`step ${step}`);
    const mode = training(stream.fork("mode")) as Mode & { readonly training: true };
    const real = batch[field];
    if (real === undefined) {
      throw new DataError(
        `fitGan: expected a field ${JSON.stringify(field)} in the dataset, got ${Object.keys(batch).join(", ")}. Name it with the option \`field\`.`,
      );
    }
    checkExamples(real, { field, isFirst: step === 0 });
    const count = real.shape[0]!;
    const drawn = typeof latent === "number" ? stream.fork("latents").normal([count, latent]) : latent(count, stream.fork("latents"));
    this.#learningRate = optimizers.generator.learningRates[0]!;
    const values = await device.compute(() => {
      const tensors = upload<E & Record<string, HostTensor>>(batch) as Tensors<E>;
      const latents = tensor(drawn);
      const noise = stream.fork("augment");
      const readings = adversarialStep(
        {
          ...{ optimizers, loss, penalty, clipNorm, clipWeight, mode, step },
          real: tensors[field]!,
          generate: () => this.#generate(latents, tensors, mode),
          discriminate: (examples) => this.#discriminate(augment ? augment(examples, { rng: noise, step }) : examples, tensors, mode),
          auxiliary: auxiliary && ((judgement) => auxiliary(judgement, tensors)),
          movesGenerator: (step + 1) % discriminatorSteps === 0,
        },
        this.#readings,
      );
      average?.update();
      return readings;
    });
    return metricsOf((values as HostTensor).data);
  }

  #generate(latents: Tensor, batch: Tensors<E>, mode: Mode): Tensor {
    const { generate, generator } = this.#options;
    if (generate) return generate(latents, batch, mode);
    return (generator.forward as (latents: Tensor, mode: Mode) => Tensor)(latents, mode);
  }

  #discriminate(examples: Tensor, batch: Tensors<E>, mode: Mode): Judgement {
    const { discriminate, discriminator } = this.#options;
    if (discriminate) return discriminate(examples, batch, mode);
    return (discriminator.forward as (examples: Tensor, mode: Mode) => Judgement)(examples, mode);
  }

  #stopAtNaN(metrics: Metrics): void {
    const broken = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
    if (!broken) return;
    this.stop(
      `${broken[0]} is ${broken[1]} at step ${this.step}: go back to the last checkpoint, and try smaller learning rates, clipNorm, or a loss that saturates less (hinge, or R1 beside it)`,
    );
  }

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
        examplesPerSecond: this.#examples / this.#seconds,
        learningRate: this.#learningRate,
        metrics: { ...this.#means.result(), ...validated },
      };
      this.history.push(record);
      this.epoch++;
      this.#pass = null;
      this.#seconds = 0;
      this.#examples = 0;
      this.#means.reset();
      await this.callbacks.epoch(this, record);
    } finally {
      await this.#swapAverage();
    }
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

  async #swapAverage(): Promise<void> {
    const { device, average } = this.#options;
    if (average && this.step > 0) await device.compute(() => average.swap());
  }

  #passOver(epoch: number): Batches<E> {
    const { dataset, batchSize, transform, rng } = this.#options;
    const shuffle = rng.fork(`shuffle ${epoch}`);
    return batches(dataset, { batchSize, dropLast: true, ...(transform && { transform }), shuffle, rng: rng.fork(`augment ${epoch}`) });
  }

  get #setup(): FitSetup {
    const { dataset, batchSize, rng } = this.#options;
    return { examples: dataset.length, batchSize, dropLast: true, rng: rng.state.key };
  }

  async save(): Promise<GanSave> {
    const { average, generator } = this.#options;
    const averaged = await average?.read(generator);
    const discriminator = await this.discriminatorOptimizer.read(this.model);
    const { sums, counts } = this.#means.state();
    const state: GanState = {
      setup: this.#setup,
      epoch: this.epoch,
      step: this.step,
      optimizerStep: this.optimizer.step,
      discriminatorStep: discriminator.step,
      averageStep: averaged?.step ?? null,
      batches: this.#pass?.state ?? null,
      ...{ sums, counts },
      examples: this.#examples,
      seconds: this.#seconds,
      learningRate: this.#learningRate,
      history: [...this.history],
      callbacks: this.callbacks.state(),
    };
    const named = (prefix: string, tensors: Iterable<[string, HostTensor]>) =>
      [...tensors].map(([path, tensor]): [string, HostTensor] => [`${prefix}/${path}`, tensor]);
    const tensors = new Map([
      ...this.callbacks.tensors(),
      ...named("average", averaged?.tensors ?? []),
      ...named("discriminatorOptimizer", discriminator.tensors),
    ]);
    return { state, tensors };
  }

  #restore({ state, tensors }: GanSave): void {
    const { average, dataset, batchSize, transform, generator } = this.#options;
    checkResume(state, { setup: this.#setup, optimizerStep: this.optimizer.step, hasAverage: average !== undefined });
    if (!Number.isInteger(state.discriminatorStep)) {
      throw new CheckpointError(
        "fitGan: expected a checkpoint of fitGan, got one without the discriminator's optimizer. Resume it with fit.",
      );
    }
    this.epoch = state.epoch;
    this.step = state.step;
    this.history.push(...state.history);
    this.#seconds = state.seconds;
    this.#examples = state.examples;
    this.#learningRate = state.learningRate;
    this.#means.restore(state);
    if (state.batches) this.#pass = batches(dataset, { batchSize, dropLast: true, ...(transform && { transform }), resume: state.batches });
    this.discriminatorOptimizer.load(this.model, {
      step: state.discriminatorStep,
      tensors: tensorsUnder(tensors, "discriminatorOptimizer"),
    });
    if (average) average.load(generator, { step: state.averageStep!, tensors: tensorsUnder(tensors, "average") });
    this.callbacks.restore(state.callbacks, tensors);
  }

  [Symbol.dispose](): void {
    this.#readings[Symbol.dispose]();
  }
}
