/** Labels checked once at the door, so that no kernel ever reads past its row. */

import { DataError, formatShape } from "@dl/core";
import type { Column } from "./gather-rows.ts";

/** Throws a `DataError` unless `labels` is int32 `[N]` with every value in [0, classes). */
export function checkLabels(where: string, labels: Column, classes: number): void {
  if ("bytes" in labels || labels.dtype !== "int32" || labels.shape.length !== 1) {
    const got = "bytes" in labels ? "bytes" : labels.dtype;
    throw new DataError(`${where}: expected int32 labels [N], got ${got} ${formatShape(labels.shape)}.`);
  }
  const { data } = labels;
  for (let i = 0; i < data.length; i++) {
    if (data[i]! < 0 || data[i]! >= classes) {
      throw new DataError(`${where}: expected labels from 0 to ${classes - 1} (${classes} classes), got ${data[i]} at example ${i}.`);
    }
  }
}
