/** A dataset seen through a function whose results are kept on the disk: slow work is done once. */

import { createHash, randomUUID } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { bytesPerElement, DataError, type DType, dtypeOf, type HostTensor, type Shape, sizeOf, type TypedArray } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { defaultCacheDirectory } from "./directories.ts";

export interface CachedMapOptions {
  /**
   * What the data is: anything JSON can write, such as the hashes of its files and the options of `change`. Together with the text of
   * `change` it names the results: when it stays the same although the data changed, old results come back.
   */
  fingerprint: unknown;
  /** Default: `maps` in `defaultCacheDirectory()`. */
  folder?: string | undefined;
  /** Called after each example, while results are made; not at all when they are at hand. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Where an example's fields lie in the file of results. */
interface StoredField {
  readonly field: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly start: number;
}

interface Index {
  readonly format: "dl-map-1";
  readonly bytes: number;
  readonly examples: readonly (readonly StoredField[])[];
}

/**
 * `change` applied to every example, once; later runs read the results. They are there whole or not at all, and several processes may
 * make them at once. Only the index is in memory; examples are read from the disk.
 *
 * What `change` captures from around it is no part of its text: name it in `fingerprint`.
 *
 * @throws DataError for results that are damaged: delete the folder it names.
 */
export async function cachedMap<E extends Example, Out extends Example>(
  dataset: Dataset<E>,
  change: (example: E, index: number) => Out,
  { fingerprint, folder = join(defaultCacheDirectory(), "maps"), onProgress }: CachedMapOptions,
): Promise<Dataset<Out>> {
  const identity = JSON.stringify({ fingerprint, change: change.toString(), length: dataset.length });
  const target = join(folder, createHash("sha256").update(identity).digest("hex").slice(0, 32));
  const existing = readIndex(target);
  const index = existing ?? (await makeResults(target, { dataset, change, onProgress }));
  return {
    length: dataset.length,
    classNames: dataset.classNames,
    get: (example) => {
      const fields = index.examples[example];
      if (fields === undefined)
        throw new DataError(`Dataset.get: expected an index from 0 to ${index.examples.length - 1}, got ${example}.`);
      return readFields(join(target, "data.bin"), fields) as Out;
    },
  };
}

/** `undefined` where there are no results yet. */
function readIndex(target: string): Index | undefined {
  let text: string;
  try {
    text = readFileSync(join(target, "index.json"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  let index: Index | undefined;
  let bytes = -1;
  try {
    index = JSON.parse(text) as Index;
    bytes = statSync(join(target, "data.bin")).size;
  } catch {}
  if (index?.format !== "dl-map-1" || index.bytes !== bytes) {
    throw new DataError(
      `cachedMap: expected whole results in ${target}, got ${bytes} bytes of ${index?.bytes ?? "an unknown number"}. Delete the folder.`,
    );
  }
  return index;
}

interface Making<E extends Example, Out extends Example> {
  readonly dataset: Dataset<E>;
  readonly change: (example: E, index: number) => Out;
  readonly onProgress: ((done: number, total: number) => void) | undefined;
}

async function makeResults<E extends Example, Out extends Example>(
  target: string,
  { dataset, change, onProgress }: Making<E, Out>,
): Promise<Index> {
  const work = `${target}.${randomUUID()}.tmp`;
  await mkdir(work, { recursive: true });
  try {
    const file = await open(join(work, "data.bin"), "wx");
    const examples: StoredField[][] = [];
    let bytes = 0;
    try {
      for (let i = 0; i < dataset.length; i++) {
        const fields: StoredField[] = [];
        for (const [field, { dtype, shape, data }] of Object.entries(change(dataset.get(i), i))) {
          fields.push({ field, dtype, shape, start: bytes });
          await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
          bytes += data.byteLength;
        }
        examples.push(fields);
        onProgress?.(i + 1, dataset.length);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const index: Index = { format: "dl-map-1", bytes, examples };
    const written = await open(join(work, "index.json"), "wx");
    await written.writeFile(JSON.stringify(index));
    await written.sync();
    await written.close();
    // Another process may have been first: its results are as good.
    await rename(work, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    return readIndex(target) ?? index;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function readFields(path: string, fields: readonly StoredField[]): Example {
  const file = openSync(path, "r");
  try {
    const example: Example = {};
    for (const { field, dtype, shape, start } of fields) {
      const bytes = new Uint8Array(sizeOf(shape) * bytesPerElement[dtype]);
      if (readSync(file, bytes, 0, bytes.length, start) !== bytes.length) {
        throw new DataError(`cachedMap: expected ${bytes.length} bytes at ${start} of ${path}, got its end. Delete its folder.`);
      }
      example[field] = { shape, dtype, data: viewOf(dtype, bytes) } satisfies HostTensor;
    }
    return example;
  } finally {
    closeSync(file);
  }
}

function viewOf(dtype: DType, bytes: Uint8Array<ArrayBuffer>): TypedArray {
  const data = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array }[dtype];
  const view = new data(bytes.buffer);
  return dtypeOf(view) === dtype ? view : bytes;
}
