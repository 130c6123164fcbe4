/** What a student learns from a teacher: its answers, its features, where it looks. */

import {
  expandDims,
  maximum,
  mean,
  mul,
  OptionError,
  rsqrt,
  type Scalar,
  ShapeError,
  sameShape,
  stopGradient,
  sum,
  type Tensor,
} from "@dl/core";
import { klDivergence, meanSquaredError } from "@dl/nn";

export interface LogitDistillationOptions {
  /** Softens both distributions: at 1 they are as they are. Default 4. */
  readonly temperature?: number;
}

/**
 * T² · KL(softmax(teacher / T) ‖ softmax(student / T)), the mean over the rows. Hinton et al. 2015, arXiv:1503.02531, section 2: T² keeps the gradients'
 * size when the temperature changes. No gradient flows to the teacher.
 *
 * @param student  logits `[…, classes]`
 * @param teacher  logits of that shape
 * @example
 * const loss = logitDistillation(tensor([[1, 2, 3]]), tensor([[1, 2, 3]]));
 * loss; // 0
 */
export function logitDistillation(student: Tensor, teacher: Tensor, { temperature = 4 }: LogitDistillationOptions = {}): Scalar {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new OptionError(`logitDistillation: expected a temperature > 0, got ${temperature}.`);
  }
  requireAlike("logitDistillation", student, teacher);
  const soft = klDivergence(student.div(temperature), stopGradient(teacher).div(temperature));
  return mul(soft, temperature ** 2);
}

/**
 * Mean of (student − teacher)². Romero et al. 2015, "FitNets", arXiv:1412.6550, equation 3, where the student's features have gone through a regressor:
 * a Linear or a 1×1 Conv2d to the teacher's channels.
 *
 * @param student  features of the teacher's shape
 */
export function featureDistillation(student: Tensor, teacher: Tensor): Scalar {
  requireAlike("featureDistillation", student, teacher);
  return meanSquaredError(student, stopGradient(teacher));
}

/**
 * Where a layer looks: the mean over the channels of the squares, of length 1 over the places, `[B, H, W, C]` → `[B, H · W]`. Zagoruyko and
 * Komodakis 2017, arXiv:1612.03928, section 3.1, F²_sum.
 */
export function attentionMap(features: Tensor): Tensor {
  if (features.rank !== 4) {
    throw new ShapeError(`attentionMap: expected features [B, H, W, C], got [${features.shape.join(", ")}]. Take a convolutional layer.`);
  }
  const energy = mean(features.square(), -1).reshape([features.shape[0]!, -1]); // [B, H · W]
  // Dead features, all zeros, look nowhere.
  return energy.mul(expandDims(rsqrt(maximum(sum(energy.square(), 1), 1e-24)), 1));
}

/**
 * Mean squared difference of the attention maps, as the authors' code has it (`at_loss`); the paper's equation 2 leaves the mean to β. Channels may
 * differ, height and width must not.
 */
export function attentionDistillation(student: Tensor, teacher: Tensor): Scalar {
  if (student.rank === 4 && teacher.rank === 4 && student.shape.slice(0, 3).join() !== teacher.shape.slice(0, 3).join()) {
    throw new ShapeError(
      `attentionDistillation: expected features of one height and width, got [${student.shape.join(", ")}] and [${teacher.shape.join(", ")}]. Choose layers where the images are as large.`,
    );
  }
  return meanSquaredError(attentionMap(student), stopGradient(attentionMap(teacher)));
}

function requireAlike(where: string, student: Tensor, teacher: Tensor): void {
  if (sameShape(student.shape, teacher.shape)) return;
  throw new ShapeError(
    `${where}: expected student and teacher of one shape, got [${student.shape.join(", ")}] and [${teacher.shape.join(", ")}].`,
  );
}
