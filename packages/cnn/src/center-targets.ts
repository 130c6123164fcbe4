/** From boxes to the maps that a `CenterNet` learns, its loss, and back to boxes. Zhou et al. 2019, arXiv:1904.07850, equations 1 to 4. */

import {
  abs,
  type HostTensor,
  hostTensor,
  logSigmoid,
  maximum,
  maxPool2d,
  mul,
  OptionError,
  pow,
  type Scalar,
  sigmoid,
  sub,
  sum,
  type Tensor,
} from "@dl/core";
import { type CenterMaps, centerNetStride as stride } from "./center-net.ts";

/** An object: its class, and its box in pixels. The right and lower borders are where it no longer is. */
export interface ObjectBox {
  readonly label: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** An object that was found. */
export interface Detection extends ObjectBox {
  /** From 0 to 1. */
  readonly score: number;
}

/** What one image's maps should be; stacked, a batch's. */
export interface CenterTargets {
  /** `[H / 4, W / 4, classes]`: 1 in the cell of an object's middle, and less around it. */
  readonly heat: HostTensor;
  /** `[H / 4, W / 4, 2]`, and 0 where there is no middle. */
  readonly size: HostTensor;
  readonly offset: HostTensor;
}

/** The same on the device, with a batch axis in front. */
export interface CenterTargetTensors {
  readonly heat: Tensor;
  readonly size: Tensor;
  readonly offset: Tensor;
}

/** How far a corner may be off so that the box still has an overlap of 0.7. Law and Deng 2018, arXiv:1808.01244, section 3.2. */
function tolerance(height: number, width: number): number {
  const overlap = 0.7;
  const root = (a: number, b: number, c: number): number => (b - Math.sqrt(Math.max(0, b * b - 4 * a * c))) / (2 * a);
  const area = height * width;
  const perimeter = height + width;
  const shifted = root(1, perimeter, (area * (1 - overlap)) / (1 + overlap));
  const inside = root(4, 2 * perimeter, (1 - overlap) * area);
  const b = 2 * overlap * perimeter;
  const outside = (-b + Math.sqrt(b * b + 16 * overlap * (1 - overlap) * area)) / (8 * overlap);
  return Math.min(shifted, inside, outside);
}

/**
 * The maps of one image.
 *
 * @throws OptionError for a box without area or with its middle outside the image, or a label that is no class.
 */
export function centerTargets(
  objects: readonly ObjectBox[],
  { height, width, classes }: { height: number; width: number; classes: number },
): CenterTargets {
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const heat = new Float32Array(rows * columns * classes);
  const size = new Float32Array(rows * columns * 2);
  const offset = new Float32Array(rows * columns * 2);
  for (const { label, left, top, right, bottom } of objects) {
    const [y, x] = [(top + bottom) / 2 / stride, (left + right) / 2 / stride];
    const [row, column] = [Math.floor(y), Math.floor(x)];
    const inside = row >= 0 && row < rows && column >= 0 && column < columns;
    if (!(right > left && bottom > top && inside) || !Number.isInteger(label) || label < 0 || label >= classes) {
      throw new OptionError(
        `centerTargets: expected a box with an area, its middle in the image of ${height} × ${width}, and a label below ${classes}, got [${left}, ${top}, ${right}, ${bottom}] and ${label}.`,
      );
    }
    const [tall, wide] = [(bottom - top) / stride, (right - left) / stride];
    const spread = Math.max(0.5, tolerance(tall, wide) / 3);
    const reach = Math.ceil(3 * spread);
    for (let i = Math.max(0, row - reach); i <= Math.min(rows - 1, row + reach); i++) {
      for (let j = Math.max(0, column - reach); j <= Math.min(columns - 1, column + reach); j++) {
        const at = (i * columns + j) * classes + label;
        // Where two objects of a class meet, the nearer one counts.
        heat[at] = Math.max(heat[at]!, Math.exp(-((i - row) ** 2 + (j - column) ** 2) / (2 * spread ** 2)));
      }
    }
    const cell = (row * columns + column) * 2;
    size.set([tall, wide], cell);
    offset.set([y - row, x - column], cell);
  }
  return {
    heat: hostTensor(heat, [rows, columns, classes]),
    size: hostTensor(size, [rows, columns, 2]),
    offset: hostTensor(offset, [rows, columns, 2]),
  };
}

/** The focal loss of the heat, and the errors of offset and size (a tenth of it) where objects are; over the number of objects. */
export function centerNetLoss(maps: CenterMaps, targets: CenterTargetTensors): Scalar {
  const isMiddle = targets.heat.equal(1).cast("float32"); // [B, h, w, classes]
  const hasObject = targets.size.greater(0).cast("float32"); // [B, h, w, 2]
  const objects = maximum(sum(isMiddle), 1);
  const likely = sigmoid(maps.heat);
  const found = mul(mul(pow(likely.neg().add(1), 2), logSigmoid(maps.heat)), isMiddle);
  // Cells near a middle are punished less.
  const empty = mul(mul(pow(targets.heat.neg().add(1), 4), pow(likely, 2)), mul(logSigmoid(maps.heat.neg()), isMiddle.neg().add(1)));
  const heat = sum(found.add(empty)).neg();
  const offset = sum(mul(abs(sub(maps.offset, targets.offset)), hasObject));
  const size = sum(mul(abs(sub(maps.size, targets.size)), hasObject));
  return heat.add(offset).add(size.mul(0.1)).div(objects) as Scalar;
}

/** Likelihoods of the cells that no neighbour exceeds, and 0 elsewhere: `[B, h, w, classes]`. On the device: it takes the place of suppressing overlaps. */
export function centerPeaks({ heat }: CenterMaps): Tensor {
  const likely = sigmoid(heat);
  return mul(likely, maxPool2d(likely, { kernelSize: 3, stride: 1, padding: "same" }).equal(likely).cast("float32"));
}

/**
 * The objects of each image, likeliest first.
 *
 * @param options.peaks  From `centerPeaks`, read back.
 * @param options.most  Largest number an image. Default 100.
 * @param options.threshold  Least score. Default 0.05.
 */
export function centerDetections({
  peaks,
  size,
  offset,
  most = 100,
  threshold = 0.05,
}: {
  peaks: HostTensor;
  size: HostTensor;
  offset: HostTensor;
  most?: number;
  threshold?: number;
}): Detection[][] {
  const [batch, rows, columns, classes] = peaks.shape as readonly [number, number, number, number];
  const each = rows * columns * classes;
  return Array.from({ length: batch }, (_, image) => {
    const found: Detection[] = [];
    for (let i = 0; i < each; i++) {
      const score = peaks.data[image * each + i]!;
      if (!(score >= threshold)) continue;
      const place = Math.floor(i / classes);
      const cell = (image * rows * columns + place) * 2;
      const y = (Math.floor(place / columns) + offset.data[cell]!) * stride;
      const x = ((place % columns) + offset.data[cell + 1]!) * stride;
      const [tall, wide] = [Math.max(0, size.data[cell]!) * stride, Math.max(0, size.data[cell + 1]!) * stride];
      found.push({ label: i % classes, score, left: x - wide / 2, top: y - tall / 2, right: x + wide / 2, bottom: y + tall / 2 });
    }
    return found.sort((a, b) => b.score - a.score).slice(0, most);
  });
}
