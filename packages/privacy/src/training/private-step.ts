/**
 * One step of DP-SGD: a Poisson sample, every example's gradient clipped, their sum with noise, over the expected size of the sample.
 * Abadi et al. 2016, arXiv:1607.00133, algorithm 1.
 */

import { type Device, type Gradients, type HostTensor, mul, OptionError, type Rng, type Tensor, upload, zeros } from "@dl/core";
import { batches, type Dataset, type Example, subset, type Transform } from "@dl/data";
import { type CommonOptions, GradientAccumulator, type Mode, type Module, type Optimizer, type Parameter, training } from "@dl/nn";
import { checkLayerGradients } from "../gradients/check-layer-gradients.ts";
import { checkMethod, clippedGradients, type ExampleMethod } from "../gradients/clipped-gradients.ts";
import { addGaussianNoise } from "../gradients/gaussian-noise.ts";
import { poissonSample } from "./poisson-sample.ts";

/** A batch on the device. */
export type Tensors<E extends Example> = { [K in keyof E]: Tensor };

export interface PrivateStepOptions<E extends Example> {
  device: Device;
  model: Module;
  /** Over all parameters of the model. */
  optimizer: Optimizer<CommonOptions>;
  dataset: Dataset<E>;
  /** Expected examples in a sample; a step's own number varies. */
  batchSize: number;
  /** The longest an example's gradient may be. */
  maxNorm: number;
  /** Deviation of the noise ÷ `maxNorm`; `noiseForBudget` finds it. */
  noiseMultiplier: number;
  /** How single gradients are found. Default `layers`. */
  method?: ExampleMethod;
  /** The loss of each example, `[B]`. Nothing may mix the examples of a batch. */
  losses: (batch: Tensors<E>, mode: Mode) => Tensor;
  /** Augmentation and normalisation, on the host. Statistics of the private data would cost budget: take public ones. */
  transform?: Transform<E> | readonly Transform<E>[];
  /** Most examples on the device at once. Default 256. */
  chunkSize?: number;
}

/** What one step looked like. Measured on private data without noise: for the one who trains, not for publication. */
export interface PrivateStepResult {
  /** Size of the sample. */
  readonly examples: number;
  /** Mean loss of the sample; NaN for an empty one. */
  readonly loss: number;
  /** Share of examples whose gradient was longer than `maxNorm`. */
  readonly clipped: number;
}

/** Takes steps; owns the sums that chunks of a sample are added up in. */
export class PrivateStepper<E extends Example> implements Disposable {
  readonly #options: PrivateStepOptions<E>;
  readonly #parameters: readonly Parameter[];
  readonly #sums: GradientAccumulator;
  #checked: boolean;

  constructor(options: PrivateStepOptions<E>) {
    const { model, optimizer, dataset, batchSize, maxNorm, method = "layers" } = options;
    if (!(batchSize > 0 && batchSize <= dataset.length)) {
      throw new OptionError(`fitPrivately: expected a batchSize above 0 and at most the ${dataset.length} examples, got ${batchSize}.`);
    }
    if (!(maxNorm > 0)) throw new OptionError(`fitPrivately: expected a maxNorm > 0, got ${maxNorm}.`);
    checkMethod("fitPrivately", method);
    this.#parameters = optimizer.groups.flatMap(({ parameters }) => parameters);
    checkOptimizer(model, this.#parameters);
    this.#options = options;
    this.#sums = new GradientAccumulator(this.#parameters);
    this.#checked = method === "one by one";
  }

  /** @param rng  Of this step alone. */
  async step(rng: Rng): Promise<PrivateStepResult> {
    const { device, model, optimizer, dataset, batchSize, maxNorm, noiseMultiplier, method = "layers" } = this.#options;
    const indices = poissonSample(dataset.length, { rate: batchSize / dataset.length, rng: rng.fork("sample") });
    const mode = training(rng.fork("mode"));
    let [loss, clipped] = [0, 0];
    for (const batch of this.#chunks(indices, rng.fork("transform"))) {
      if (!this.#checked) await checkLayerGradients(this.#options, batch);
      // One example alone does not show whether examples are mixed: the next batch is looked at again.
      this.#checked ||= Object.values(batch)[0]!.shape[0]! > 1;
      const { losses, norms } = (await device.compute(() => {
        const tensors = upload<E & Record<string, HostTensor>>(batch);
        const found = clippedGradients(model, tensors, { losses: (batch) => this.#options.losses(batch, mode), maxNorm, method });
        this.#sums.add(found.grads);
        return { losses: found.losses, norms: found.norms };
      })) as { losses: HostTensor; norms: HostTensor };
      for (const value of losses.data) loss += value;
      for (const norm of norms.data) if (norm > maxNorm) clipped++;
    }
    await device.compute(() => {
      const noisy = addGaussianNoise(this.#takeSum(), { standardDeviation: noiseMultiplier * maxNorm, rng: rng.fork("noise") });
      // The expected size: the sample's own would tell who is in it.
      optimizer.update(new Map([...noisy].map(([parameter, gradient]) => [parameter, mul(gradient, 1 / batchSize)])));
    });
    const examples = indices.length;
    return { examples, loss: loss / examples, clipped: examples === 0 ? 0 : clipped / examples };
  }

  [Symbol.dispose](): void {
    this.#sums[Symbol.dispose]();
  }

  /** The sample in pieces that fit on the device; none for an empty sample. */
  *#chunks(indices: Int32Array, rng: Rng): Iterable<E> {
    const { dataset, transform = [], chunkSize = 256 } = this.#options;
    if (indices.length > 0) yield* batches(subset(dataset, indices), { batchSize: chunkSize, transform, rng });
  }

  /** The sum of all chunks; zeros for an empty sample, which takes its step too. */
  #takeSum(): Gradients<Parameter> {
    const { count } = this.#sums;
    if (count === 0) return new Map(this.#parameters.map((parameter) => [parameter, zeros(parameter.shape)]));
    return new Map([...this.#sums.takeMean()].map(([parameter, mean]) => [parameter, mul(mean, count)]));
  }
}

function checkOptimizer(model: Module, parameters: readonly Parameter[]): void {
  const own = model.parameters();
  if (own.length === parameters.length && own.every((parameter) => parameters.includes(parameter))) return;
  throw new OptionError(
    `fitPrivately: expected the optimizer to hold the ${own.length} parameters of the model, got ${parameters.length}. Make it from model.parameters().`,
  );
}
