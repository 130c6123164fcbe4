/**
 * A network's answers to all images, with a label or without, as labels for the next: Chen et al. 2020, "SimCLRv2", arXiv:2006.10029, section 2,
 * equation 2. The student sees images harder than its teacher did, and teaches in turn: Xie et al. 2020, "Noisy Student", arXiv:1911.04252.
 */

import type { ResNet } from "@dl/cnn";
import { add, flip, type HostTensor, hostTensor, mul, softmax, type Tensor } from "@dl/core";
import { type ExampleOf, map, type Transform } from "@dl/data";
import { inference } from "@dl/nn";
import { featuresOf } from "./linear-probe.ts";
import type { LabelledImages } from "./recipe.ts";
import type { TaskContext } from "./task-recipe.ts";

/** `dataset` with what `teacher` answers for labels, `[classes]` probabilities each: the mean over the image and its mirror image. */
export async function answeredBy(
  teacher: ResNet,
  { dataset, ...work }: TaskContext & { dataset: LabelledImages; transform: Transform<ExampleOf<LabelledImages>> },
): Promise<LabelledImages> {
  const answer = (images: Tensor): Tensor => softmax(teacher.forward(images, inference));
  const encode = (images: Tensor): Tensor => mul(add(answer(images), answer(flip(images, 2))), 0.5); // [B, classes]
  const { features } = (await featuresOf(dataset, { ...work, encode })).columns;
  const { data, shape } = features as HostTensor;
  const classes = shape[1]!;
  return map(dataset, ({ images }, i) => ({ images, labels: hostTensor(data.slice(i * classes, (i + 1) * classes), [classes]) }));
}
