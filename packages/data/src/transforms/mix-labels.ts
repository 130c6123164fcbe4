/** Labels of images that were mixed: each class gets its share. */

import { DtypeError, formatShape, ShapeError } from "@dl/core";
import type { LabelledImageBatch } from "./transform.ts";

/** Replaces `batch.labels`, int32 `[B]` or float32 `[B, classes]`, by `share · own + (1 − share) · the other's`, float32 `[B, classes]`. */
export function mixLabels(where: string, batch: LabelledImageBatch, { shares, classes }: { shares: Float32Array; classes: number }): void {
  const { shape, dtype, data } = batch.labels;
  const count = shares.length;
  const soft = new Float32Array(count * classes);
  if (dtype === "int32" && shape.length === 1 && shape[0] === count) {
    for (let row = 0; row < count; row++) {
      if (data[row]! < 0 || data[row]! >= classes)
        throw new ShapeError(`${where}: expected labels from 0 to ${classes - 1}, got ${data[row]}.`);
      soft[row * classes + data[row]!] = 1;
    }
  } else if (dtype === "float32" && shape.length === 2 && shape[0] === count && shape[1] === classes) soft.set(data);
  else
    throw new DtypeError(
      `${where}: expected int32 labels [${count}] or float32 [${count}, ${classes}], got ${dtype} ${formatShape(shape)}.`,
    );
  const mixed = new Float32Array(soft.length);
  for (let row = 0; row < count; row++) {
    const share = shares[row]!;
    const other = (count - 1 - row) * classes;
    for (let c = 0; c < classes; c++) mixed[row * classes + c] = share * soft[row * classes + c]! + (1 - share) * soft[other + c]!;
  }
  batch.labels = { shape: [count, classes], dtype: "float32", data: mixed };
}
