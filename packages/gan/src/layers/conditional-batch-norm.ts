/** Batch norm whose scale and shift depend on the class. Dumoulin et al. 2017, arXiv:1610.07629; in GANs Miyato and Koyama 2018, arXiv:1802.05637. */

import { type Rng, ShapeError, type Tensor } from "@dl/core";
import { BatchNorm, Embedding, init, type Mode, Module } from "@dl/nn";

export interface ConditionalBatchNormOptions {
  channels: number;
  classes: number;
  rng: Rng;
}

/** `[B, H, W, C]` or `[B, C]` and labels `[B]` → the same shape. At first every class has scale 1 and shift 0. */
export class ConditionalBatchNorm extends Module {
  readonly norm: BatchNorm;
  /** Added to the norm's own scale, `[classes, C]`. */
  readonly scales: Embedding;
  /** Added to the norm's own shift, `[classes, C]`. */
  readonly shifts: Embedding;

  constructor({ channels, classes, rng }: ConditionalBatchNormOptions) {
    super();
    this.norm = new BatchNorm({ channels });
    this.scales = new Embedding({ size: channels, count: classes, weightInit: init.zeros, rng: rng.fork("scales") });
    this.shifts = new Embedding({ size: channels, count: classes, weightInit: init.zeros, rng: rng.fork("shifts") });
  }

  forward(x: Tensor, labels: Tensor, mode: Mode): Tensor {
    // B batch, H height, W width, C channels
    if ((x.rank !== 4 && x.rank !== 2) || labels.rank !== 1 || labels.shape[0] !== x.shape[0]) {
      throw new ShapeError(
        `ConditionalBatchNorm: expected x [B, H, W, C] or [B, C] and labels [B], got [${x.shape.join(", ")}] and [${labels.shape.join(", ")}].`,
      );
    }
    const perImage = x.shape.map((size, axis) => (axis === 0 || axis === x.rank - 1 ? size : 1)); // [B, 1, 1, C] or [B, C]
    const normalized = this.norm.forward(x, mode); // with the scale and shift all classes share
    const scale = this.scales.forward(labels).reshape(perImage);
    const shift = this.shifts.forward(labels).reshape(perImage);
    return normalized.mul(scale.add(1)).add(shift);
  }
}
