/** The training of a GAN: two players in the loop of @dl/train. Written out of public parts: read it, copy it, change it. */

import { concat, DataError, type Device, type HostTensor, OptionError, type Rng, type Scalar, type Tensor, tensor, upload } from "@dl/core";
import type { Example, Transform } from "@dl/data";
import { type CommonOptions, type Mode, type Optimizer, training } from "@dl/nn";
import {
  type Average,
  type Callback,
  EpochLoop,
  type ExampleSource,
  type FitResult,
  type FitSave,
  type Metrics,
  type Tensors,
} from "@dl/train";
import { type AdversarialLoss, nonSaturating } from "../losses/adversarial-loss.ts";
import { adversarialStep, type Judgement, metricsOf, type PenaltyContext, parametersOf, Readings } from "./adversarial-step.ts";
import { ExampleCheck } from "./example-check.ts";
import { type Discriminator, GanPair, type Generator } from "./gan-pair.ts";
import type { GanRun } from "./gan-run.ts";
import { nanReason } from "./nan-reason.ts";

export interface FitGanOptions<E extends Example> {
  device: Device;
  generator: Generator;
  discriminator: Discriminator;
  /** One a player; give them different rates for the two time-scale rule (Heusel et al. 2017, arXiv:1706.08500). */
  optimizers: { readonly generator: Optimizer<CommonOptions>; readonly discriminator: Optimizer<CommonOptions> };
  /** Or the workers that hold it: `transform` is in their pipeline then. */
  dataset: ExampleSource<E>;
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
  /** Added to the discriminator's loss on real examples and to the generator's: an auxiliary classifier's (Odena et al. 2017, arXiv:1610.09585, who show it generated examples in the discriminator's step, too). Default none. */
  auxiliary?: (judgement: Readonly<Record<string, Tensor>>, batch: Tensors<E>) => Scalar;
  /** Added to the generator's loss: how far what it made is from what the batch wanted, such as `reconstructionLoss`. Default none. */
  reconstruction?: (made: Tensor, batch: Tensors<E>) => Scalar;
  /** What stands beside real and generated examples before the discriminator, `[…, K]` on their last axis, and is augmented with them. Default nothing. */
  condition?: (batch: Tensors<E>) => Tensor;
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
  /** Of the generator's weights after each of its steps (`new WeightAverage(generator)`): stands in their place in validation, `onEpoch` and at the end. Default none. */
  average?: Average;
  /** Called after each epoch; what it gives is logged under `validation/…`, such as scores. */
  validate?: () => Promise<Metrics>;
  callbacks?: readonly Callback[];
  /** Aborting it ends the run after the step at hand. */
  signal?: AbortSignal;
  /** From `resumeFrom` of @dl/train/node, given a `GanPair` and the generator's optimizer. The run goes on with the same bits. */
  resume?: FitSave;
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
  return await run.toEnd();
}

class FitGanRun<E extends Example> extends EpochLoop<E, GanPair> implements GanRun, Disposable {
  readonly #options: FitGanOptions<E>;
  readonly #readings = new Readings();
  readonly #examples: ExampleCheck;

  constructor(options: FitGanOptions<E>) {
    const { generator, discriminator, optimizers, batchSize, transform, discriminatorSteps = 1, resume } = options;
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
    super({
      ...options,
      ...{ name: "fitGan", model: new GanPair(generator, discriminator), averaged: generator },
      ...{ optimizer: optimizers.generator, otherOptimizers: { discriminator: optimizers.discriminator } },
      reading: { batchSize, dropLast: true, transform },
    });
    this.#options = options;
    this.#examples = new ExampleCheck({ where: "fitGan", field: options.field ?? "images", examples: this.stepsPerEpoch * batchSize });
    if (resume) this.resumeFrom(resume);
  }

  get discriminatorOptimizer(): Optimizer<CommonOptions> {
    return this.#options.optimizers.discriminator;
  }

  protected async trainOn(batch: E): Promise<Metrics> {
    const { device, optimizers, rng, latent, loss = nonSaturating(), discriminatorSteps = 1, field = "images", average } = this.#options;
    const { auxiliary, reconstruction, penalty, clipNorm, clipWeight } = this.#options;
    const { step } = this;
    const movesGenerator = (step + 1) % discriminatorSteps === 0;
    const stream = rng.fork(`step ${step}`);
    const mode = training(stream.fork("mode")) as Mode & { readonly training: true };
    const real = batch[field];
    if (real === undefined) {
      throw new DataError(
        `fitGan: expected a field ${JSON.stringify(field)} in the dataset, got ${Object.keys(batch).join(", ")}. Name it with the option \`field\`.`,
      );
    }
    this.#examples.check(real);
    const count = real.shape[0]!;
    const drawn = typeof latent === "number" ? stream.fork("latents").normal([count, latent]) : latent(count, stream.fork("latents"));
    const values = await device.compute(() => {
      const tensors = upload<E & Record<string, HostTensor>>(batch) as Tensors<E>;
      const latents = tensor(drawn);
      const noise = stream.fork("augment");
      const readings = adversarialStep(
        {
          ...{ optimizers, loss, penalty, clipNorm, clipWeight, mode, step },
          real: tensors[field]!,
          generate: () => this.#generate(latents, tensors, mode),
          discriminate: (examples) => this.#discriminate(this.#shown(examples, tensors, noise), tensors, mode),
          auxiliary: auxiliary && ((judgement) => auxiliary(judgement, tensors)),
          reconstruction: reconstruction && ((made) => reconstruction(made, tensors)),
          movesGenerator,
        },
        this.#readings,
      );
      // The first step, too: a run may be looked at before the generator has moved.
      if (movesGenerator || step === 0) average?.update();
      return readings;
    });
    const metrics = metricsOf((values as HostTensor).data);
    const broken = nanReason(metrics, step + 1);
    if (broken !== undefined) this.stop(broken);
    return metrics;
  }

  #generate(latents: Tensor, batch: Tensors<E>, mode: Mode): Tensor {
    const { generate, generator } = this.#options;
    if (generate) return generate(latents, batch, mode);
    return (generator.forward as (latents: Tensor, mode: Mode) => Tensor)(latents, mode);
  }

  /** What the discriminator gets to see of examples. */
  #shown(examples: Tensor, batch: Tensors<E>, rng: Rng): Tensor {
    const { condition, augment } = this.#options;
    const shown = condition ? concat([condition(batch), examples], { axis: examples.rank - 1 }) : examples;
    return augment ? augment(shown, { rng, step: this.step }) : shown;
  }

  #discriminate(examples: Tensor, batch: Tensors<E>, mode: Mode): Judgement {
    const { discriminate, discriminator } = this.#options;
    if (discriminate) return discriminate(examples, batch, mode);
    return (discriminator.forward as (examples: Tensor, mode: Mode) => Judgement)(examples, mode);
  }

  [Symbol.dispose](): void {
    this.#readings[Symbol.dispose]();
  }
}
