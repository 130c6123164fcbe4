/** A student trained on what a teacher answers: `fit` with a step that asks both. Hinton et al. 2015, arXiv:1503.02531. */

import { argmax, type Device, equal, type HostTensor, mean, mul, OptionError, type Rng, type Scalar, type Tensor } from "@dl/core";
import { batches, type Dataset, type Example, take } from "@dl/data";
import { crossEntropy, inference, type Mode, Module } from "@dl/nn";
import { type FitOptions, type FitResult, fit, type Tensors } from "@dl/train";
import type { TracedModel } from "../layers/traced-model.ts";
import { attentionDistillation, featureDistillation, logitDistillation } from "./distillation-losses.ts";
import { type FeaturePair, FeatureRegressors, passWithFeatures } from "./feature-regressors.ts";

/** Inputs, called images whatever they are, and their classes. */
export type DistilExample = Example<"images" | "labels">;

export interface DistillationOptions {
  readonly student: TracedModel;
  /** Stays as it is; runs in inference. */
  readonly teacher: TracedModel;
  /** Weight of the softened answers. Default 0.9. */
  readonly logits?: number;
  /** Default 4. */
  readonly temperature?: number;
  /** Weight of the labels' own cross-entropy. Default 0.1. */
  readonly labels?: number;
  /** Layers whose features the student regresses onto the teacher's, and the weight of that. Default none. */
  readonly features?: { readonly pairs: readonly FeaturePair[]; readonly weight: number };
  /** Layers whose attention maps are compared, and the weight of that. Default none. */
  readonly attention?: { readonly pairs: readonly FeaturePair[]; readonly weight: number };
}

/**
 * What is trained, as one module: the student, and regressors that are thrown away afterwards. Give it and its `step` to `fit`; `distil` does.
 *
 * The loss is labels · cross-entropy + logits · T² KL + the weighted parts for features and attention; each part is logged beside it, and
 * the student's accuracy.
 */
export class Distillation extends Module {
  readonly student: TracedModel;
  readonly regressors: FeatureRegressors | undefined;
  readonly #options: DistillationOptions;

  private constructor(options: DistillationOptions, regressors: FeatureRegressors | undefined) {
    super();
    this.student = options.student;
    this.regressors = regressors;
    this.#options = options;
  }

  /**
   * @param options.example  A batch of inputs, by which regressors learn their sizes.
   * @throws OptionError for weights that are no weights, for no pairs, and for layers that are not there or do not fit.
   */
  static async of(
    options: DistillationOptions,
    { device, example, rng }: { device: Device; example: HostTensor; rng: Rng },
  ): Promise<Distillation> {
    const weights = weightsOf(options);
    for (const [name, weight] of Object.entries(weights)) {
      if (!(weight >= 0 && Number.isFinite(weight))) throw new OptionError(`distil: expected a weight ≥ 0 for ${name}, got ${weight}.`);
    }
    for (const [name, part] of Object.entries({ features: options.features, attention: options.attention })) {
      if (part?.pairs.length === 0) throw new OptionError(`distil: expected at least one pair of layers for ${name}, got none.`);
    }
    if (Object.values(weights).every((weight) => weight === 0)) throw new OptionError("distil: expected a weight above 0, got none.");
    const pairs = options.features?.pairs;
    return new Distillation(options, pairs && (await FeatureRegressors.between(options, pairs, { device, example, rng })));
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.student.forward(images, mode);
  }

  /** One batch: what `fit` calls. */
  readonly step = (batch: Tensors<DistilExample>, mode: Mode): { loss: Scalar } & Record<string, Scalar> => {
    const { student, teacher, temperature, features, attention } = this.#options;
    const weights = weightsOf(this.#options);
    const pairs = [...(features?.pairs ?? []), ...(attention?.pairs ?? [])];
    const watch = (model: Module, side: keyof FeaturePair) => ({ model, paths: pairs.map((pair) => pair[side]) });
    const own = passWithFeatures("distil", watch(student, "student"), () => student.forward(batch.images, mode));
    const theirs = passWithFeatures("distil", watch(teacher, "teacher"), () => teacher.forward(batch.images, inference));
    const compare = (some: readonly FeaturePair[], loss: (student: Tensor, teacher: Tensor, pair: number) => Scalar): Scalar =>
      meanOf(some.map((pair, i) => loss(own.features.get(pair.student)!, theirs.features.get(pair.teacher)!, i)));
    const parts: Record<string, Scalar> = {};
    if (weights.labels > 0) parts.labels = crossEntropy(own.logits, batch.labels);
    if (weights.logits > 0) {
      parts.logits = logitDistillation(own.logits, theirs.logits, temperature === undefined ? {} : { temperature });
    }
    if (features) {
      parts.features = compare(features.pairs, (a, b, i) => featureDistillation(this.regressors!.forward(a, i), b));
    }
    if (attention) parts.attention = compare(attention.pairs, attentionDistillation);
    const weighted = Object.entries(parts).map(([name, part]) => mul(part, weights[name as keyof typeof weights]));
    const loss = weighted.reduce((a, b) => a.add(b));
    return { ...parts, loss, accuracy: mean(equal(argmax(own.logits, -1), batch.labels).cast("float32")) };
  };
}

function weightsOf({
  logits = 0.9,
  labels = 0.1,
  features,
  attention,
}: DistillationOptions): Record<"logits" | "labels" | "features" | "attention", number> {
  return { logits, labels, features: features?.weight ?? 0, attention: attention?.weight ?? 0 };
}

function meanOf(losses: readonly Scalar[]): Scalar {
  const sum = losses.reduce((a, b) => a.add(b));
  return mul(sum, 1 / losses.length);
}

export interface DistilOptions extends DistillationOptions, Omit<FitOptions<DistilExample>, "model" | "optimizer" | "step" | "dataset"> {
  readonly dataset: Dataset<DistilExample>;
  /** Made for all that is trained. */
  readonly optimizer: (trained: Distillation) => FitOptions<DistilExample>["optimizer"];
}

/**
 * Trains `student` to answer as `teacher`.
 *
 * @throws as `Distillation.of` and `fit` do.
 * @example no-run
 * await distil({
 *   device, student, teacher, dataset: train, batchSize: 64, epochs: 20, rng: rng.fork("distil"),
 *   optimizer: (trained) => new AdamW(trained.parameters(), { learningRate: 1e-3 }),
 *   attention: { pairs: [{ student: "stages.1", teacher: "convolutions.1" }], weight: 100 },
 * });
 */
export async function distil({
  student,
  teacher,
  logits,
  temperature,
  labels,
  features,
  attention,
  optimizer,
  ...rest
}: DistilOptions): Promise<FitResult> {
  const given = { logits, temperature, labels, features, attention };
  const some = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { dataset, transform, collate, device, rng } = rest;
  const [example] = batches(take(dataset, Math.min(2, dataset.length)), {
    ...{ batchSize: 2, rng: rng.fork("example") },
    ...(transform && { transform }),
    ...(collate && { collate }),
  });
  const distillation = await Distillation.of(
    { student, teacher, ...some },
    { device, example: example!.images, rng: rng.fork("regressors") },
  );
  try {
    using trainer = optimizer(distillation);
    const result = await fit({ ...rest, model: distillation, optimizer: trainer, step: distillation.step });
    return result;
  } finally {
    distillation.regressors?.[Symbol.dispose]();
  }
}
