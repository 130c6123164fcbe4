/** The training most users want: a step of gradients in the loop of epoch-loop.ts, both written out of public parts. */

import {
  type Device,
  type Gradients,
  type HostTensor,
  OptionError,
  type Rng,
  type Scalar,
  ShapeError,
  type Tensor,
  upload,
  valueAndGrad,
} from "@dl/core";
import type { BatchesOptions, Collate, Example, Order, Transform } from "@dl/data";
import {
  type CommonOptions,
  clipByGlobalNorm,
  GradientAccumulator,
  type Mode,
  type Module,
  type Optimizer,
  type Parameter,
  training,
} from "@dl/nn";
import type { Callback, FitSave, Metrics } from "./callback.ts";
import { withLabelsChecked } from "./check-labels.ts";
import { type Average, EpochLoop, type FitResult } from "./epoch-loop.ts";
import type { ExampleSource } from "./pass-over.ts";
import { batchSizeOf, splitBatch } from "./split-batch.ts";
import { WeightedMeans } from "./weighted-means.ts";

/** A batch on the device. */
export type Tensors<E extends Example> = { [K in keyof E]: Tensor };

/** The loss, or the loss and other scalars to be logged beside it. */
export type StepResult = Scalar | ({ readonly loss: Scalar } & Readonly<Record<string, Scalar>>);

export interface FitOptions<E extends Example> {
  device: Device;
  model: Module;
  /** Its parameters are the ones trained. */
  optimizer: Optimizer<CommonOptions>;
  /** Or the workers that hold it: `transform` and `collate` are in their pipeline then. The bits are the same. */
  dataset: ExampleSource<E>;
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
  /** Called for an example that cannot be read, which is then left out. Without it the `DataError` ends the run. */
  onDamaged?: BatchesOptions<E>["onDamaged"];
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
  return await run.toEnd();
}

/** One call of `fit`: what a step does. */
class FitRun<E extends Example> extends EpochLoop<E> implements Disposable {
  readonly #options: FitOptions<E>;
  /** Of what workers made; `transform` does it in this thread. */
  readonly #checkLabels: ((batch: E) => void) | undefined;
  readonly #accumulator: GradientAccumulator | undefined;

  constructor(options: FitOptions<E>) {
    const { dataset, batchSize, order, collate, dropLast, onDamaged, accumulate = 1, model, optimizer, resume } = options;
    const { transform, checkBatch } = withLabelsChecked(dataset, options.transform);
    super({ ...options, name: "fit", reading: { batchSize, order, collate, dropLast, transform, onDamaged } });
    if (!Number.isInteger(accumulate) || accumulate < 1) throw new OptionError(`fit: expected a whole accumulate ≥ 1, got ${accumulate}.`);
    const { clipNorm } = options;
    if (clipNorm !== undefined && !(clipNorm > 0)) throw new OptionError(`fit: expected a clipNorm above 0, got ${clipNorm}.`);
    const own = new Set<unknown>(model.parameters());
    if (!parametersOf(optimizer).some((parameter) => own.has(parameter))) {
      throw new OptionError(
        "fit: expected the optimizer to hold parameters of the model, got none of them. Make it from model.parameters(); for the weights of an adapter let `model` be what holds them too, such as Adapted of @dl/transformer.",
      );
    }
    this.#options = options;
    this.#checkLabels = checkBatch;
    this.#accumulator = accumulate > 1 ? new GradientAccumulator(parametersOf(optimizer)) : undefined;
    if (resume) this.resumeFrom(resume);
  }

  /** One step of the optimizer: loss and gradients, part by part, then the update. */
  protected async trainOn(batch: E): Promise<Metrics> {
    const { device, optimizer, step, rng, clipNorm, accumulate = 1, average } = this.#options;
    const parameters = parametersOf(optimizer);
    const mode = training(rng.fork(`step ${this.step}`));
    this.#checkLabels?.(batch);
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
      means.add(scalarsOf(value as number | Readonly<Record<string, number | HostTensor>>), batchSizeOf(part));
    }
    return means.result();
  }

  [Symbol.dispose](): void {
    this.#accumulator?.[Symbol.dispose]();
  }
}

/** What a step told, by name. */
function scalarsOf(value: number | Readonly<Record<string, number | HostTensor>>): Metrics {
  const named = typeof value === "number" ? { loss: value } : value;
  for (const [name, entry] of Object.entries(named)) {
    if (typeof entry === "number") continue;
    throw new ShapeError(`fit: expected scalars from step, got ${name} [${entry.shape.join(", ")}]. Take its mean, or leave it out.`);
  }
  return named as Metrics;
}

function parametersOf(optimizer: Optimizer<CommonOptions>): Parameter[] {
  return optimizer.groups.flatMap(({ parameters }) => parameters);
}

function scaled(gradients: Gradients, factor: number): Gradients {
  return new Map([...gradients].map(([variable, gradient]) => [variable, gradient.mul(factor)]));
}
