/** Examples of different lengths as one batch: the shorter ones are filled up. */

import { allocate, DataError, formatShape, type HostTensor, OptionError, sizeOf } from "@dl/core";
import type { Example } from "../dataset.ts";
import { stack } from "../datasets/stack.ts";

export interface PadFieldsOptions {
  /** The length is rounded up to a multiple of this. Default 1. */
  multipleOf?: number | undefined;
  /** Every batch has this length; a longer example is an error. Default: that of the longest of the batch. */
  length?: number | undefined;
  /** Which side is filled. Default `"right"`. */
  direction?: "left" | "right" | undefined;
}

/** Several examples as one batch. */
export type Collate<E extends Example = Example> = (examples: readonly E[]) => E;

/**
 * Pads the first axis of the named fields with the value given for each; the others are stacked as they are.
 *
 * @example
 * const collate = padFields({ inputIds: 0, labels: -100 });
 * const row = (...ids: number[]) => ({ inputIds: hostTensor(Int32Array.from(ids), [ids.length]), labels: hostTensor(Int32Array.from(ids), [ids.length]) });
 * collate([row(5, 6, 7), row(8)]).labels.data; // Int32Array [5, 6, 7, 8, -100, -100]
 */
export function padFields<Field extends string>(
  values: Readonly<Record<Field, number>>,
  { multipleOf = 1, length, direction = "right" }: PadFieldsOptions = {},
): <E extends Example>(examples: readonly E[]) => E {
  for (const [name, value] of Object.entries({ multipleOf, length: length ?? 1 })) {
    if (!Number.isInteger(value) || value < 1) throw new OptionError(`padFields: expected a whole ${name} of at least 1, got ${value}.`);
  }
  return <E extends Example>(examples: readonly E[]): E => {
    const padded = examples.map((example) => ({ ...example }) as E);
    for (const [field, value] of Object.entries<number>(values)) {
      const rows = examples.map((example, i) => fieldOf(example, field, i));
      const longest = rows.reduce((most, { shape }) => Math.max(most, shape[0]!), 0);
      if (length !== undefined && longest > length) {
        throw new DataError(
          `padFields: expected ${field} of at most ${length} in length, got ${longest}. Truncate it first, or raise length.`,
        );
      }
      const target = length ?? Math.ceil(longest / multipleOf) * multipleOf;
      for (const [i, row] of rows.entries()) (padded[i] as Record<string, HostTensor>)[field] = padRow(row, { target, value, direction });
    }
    return stack(padded);
  };
}

function fieldOf(example: Example, field: string, place: number): HostTensor {
  const row = example[field];
  if (row === undefined || row.shape.length === 0) {
    const got = row === undefined ? "none" : `${row.dtype} ${formatShape(row.shape)}`;
    throw new DataError(`padFields: expected a field ${field} with an axis to pad, got ${got} in example ${place} of the batch.`);
  }
  return row;
}

function padRow(row: HostTensor, { target, value, direction }: { target: number; value: number; direction: "left" | "right" }): HostTensor {
  const shape = [target, ...row.shape.slice(1)];
  const data = allocate(row.dtype, sizeOf(shape));
  data.fill(value);
  data.set(row.data, direction === "left" ? data.length - row.data.length : 0);
  return { shape, dtype: row.dtype, data };
}
