/** For tests: streams of numbers. */

import { DataError } from "@dl/core";
import { type DataStream, sequenceStream } from "./data-stream.ts";

/** `from`, `from + 1`, …: `length` of them. */
export const count = (length: number, from = 0): DataStream<number> => sequenceStream(length, (i) => from + i);

/** 0, 1, …, of which some are damaged where they are read. */
export const withDamage = (length: number, isDamaged: (x: number) => boolean): DataStream<number> =>
  sequenceStream(length, (x) => {
    if (isDamaged(x)) throw new DataError(`element ${x} is damaged`);
    return x;
  });

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const element of stream) all.push(element);
  return all;
}
