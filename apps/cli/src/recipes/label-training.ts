/** How the self-supervised recipes train on labels, from whatever weights. */

import type { ResNet } from "@dl/cnn";
import { argmax, equal, mean, type Rng } from "@dl/core";
import { type ExampleOf, flip, padCrop, type Transform } from "@dl/data";
import { crossEntropy, decayGroups, inference, Sgd, schedules } from "@dl/nn";
import { evaluate, fit } from "@dl/train";
import type { Augmentation, LabelledImages } from "./recipe.ts";
import type { TaskContext } from "./task-recipe.ts";

type Normalization = Transform<ExampleOf<LabelledImages>>;

export interface LabelTraining extends TaskContext {
  transform: Normalization;
  /** Labels are classes, or a distribution over them for each image. */
  dataset: LabelledImages;
  epochs: number;
  /** Beside mirroring and moving. Default none. */
  noise?: Augmentation;
  rng: Rng;
}

/** From first weights and from learned ones at the same rate: at a fifth of it, those tuned on a tenth of CIFAR-10's labels ended 4 points lower. */
export async function trainOnLabels(
  model: ResNet,
  { dataset, epochs, noise = [], rng, transform, device, signal }: LabelTraining,
): Promise<void> {
  const batchSize = Math.min(64, dataset.length);
  const steps = epochs * Math.ceil(dataset.length / batchSize);
  using optimizer = new Sgd(decayGroups(model), {
    learningRate: schedules.oneCycle(0.1, { steps: Math.max(steps, 8) }),
    momentum: 0.9,
    nesterov: true,
    weightDecay: 5e-4,
  });
  await fit({
    ...{ device, signal, model, optimizer, dataset, batchSize, epochs, rng },
    transform: [flip(), padCrop({ padding: 4, mode: "reflect" }), ...noise, transform],
    step: ({ images, labels }, mode) => crossEntropy(model.forward(images, mode), labels),
  });
  signal.throwIfAborted();
}

export async function accuracyOf(
  model: ResNet,
  dataset: LabelledImages,
  work: TaskContext & { transform: Normalization },
): Promise<number> {
  const { accuracy } = await evaluate({
    ...work,
    dataset,
    step: ({ images, labels }) => ({ accuracy: mean(equal(argmax(model.forward(images, inference), -1), labels).cast("float32")) }),
  });
  return accuracy;
}
