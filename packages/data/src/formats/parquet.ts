/** Apache Parquet: tables by columns. github.com/apache/parquet-format; read by hyparquet. */

import { DataError, OptionError } from "@dl/core";
import { gunzipSync } from "fflate";
import { decompress } from "fzstd";
import { type AsyncBuffer, type Compressors, type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { DataStream } from "../streams/data-stream.ts";
import { decodeLz4Block } from "./lz4-block.ts";

/** Where the bytes of a file come from: all at hand, or read piece by piece. */
export interface ParquetSource {
  /** For error messages. */
  readonly name: string;
  readonly byteLength: number;
  /** Bytes `start … end`. */
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>;
}

export interface ParquetOptions {
  /** Only these columns, which makes reading faster. Default all. */
  columns?: readonly string[] | undefined;
}

export type ParquetRow = Record<string, unknown>;

const compressors: Compressors = {
  GZIP: (input) => gunzipSync(input),
  ZSTD: (input) => decompress(input),
  LZ4_RAW: decodeLz4Block,
};

/** The bytes of a file as a source. */
export function parquetBytes(bytes: Uint8Array, name = "parquet"): ParquetSource {
  return {
    name,
    byteLength: bytes.length,
    slice: (start, end = bytes.length) => bytes.slice(start, end).buffer as ArrayBuffer,
  };
}

/**
 * The rows of a Parquet file, one row group in memory at a time. Compression: none, Snappy, GZIP, Zstandard, LZ4. At any depth, whole numbers of
 * 64 bits come as numbers where those are exact, else as `bigint`; bytes that are not marked as text come as `Uint8Array`.
 *
 * @throws DataError, when it is read, for a file that is none or is damaged.
 */
export function parquetRows(
  source: ParquetSource | (() => Promise<ParquetSource>),
  { columns }: ParquetOptions = {},
): DataStream<ParquetRow> {
  return new DataStream((state) => {
    // −1 once it could not be read on: what is left of it is lost.
    let at = (state as number | undefined) ?? 0;
    let file: { source: ParquetSource; metadata: FileMetaData } | undefined;
    let group: { start: number; rows: ParquetRow[] } | undefined;
    return {
      next: async () => {
        if (at < 0) return { done: true, value: undefined };
        try {
          file ??= await openFile(source, columns);
          const opened = file;
          if (group === undefined || at >= group.start + group.rows.length) {
            group = await guarded(opened.source.name, () => readGroup(opened, { at, columns }));
          }
        } catch (error) {
          at = -1;
          throw error;
        }
        if (group === undefined) return { done: true, value: undefined };
        return { done: false, value: group.rows[at++ - group.start]! };
      },
      state: () => at,
      close: async () => {},
    };
  });
}

async function openFile(
  given: ParquetSource | (() => Promise<ParquetSource>),
  columns: readonly string[] | undefined,
): Promise<{ source: ParquetSource; metadata: FileMetaData }> {
  const source = typeof given === "function" ? await given() : given;
  const metadata = await guarded(source.name, () => parquetMetadataAsync(asyncBuffer(source)));
  const known = parquetSchema(metadata).children.map(({ element }) => element.name);
  for (const column of columns ?? []) {
    if (!known.includes(column))
      throw new OptionError(`parquetRows: expected columns of ${source.name} (${known.join(", ")}), got ${column}.`);
  }
  checkCompression(source.name, metadata);
  // The names of an ENUM are UTF-8 (LogicalTypes.md), which hyparquet knows of texts only.
  for (const element of metadata.schema) {
    if (element.converted_type === "ENUM" || element.logical_type?.type === "ENUM") element.converted_type = "UTF8";
  }
  return { source, metadata };
}

/** @throws DataError for a file that is whole and compressed in a way not known here. */
function checkCompression(name: string, { row_groups }: FileMetaData): void {
  const known = ["UNCOMPRESSED", "SNAPPY", ...Object.keys(compressors)];
  for (const { columns } of row_groups) {
    for (const { meta_data } of columns) {
      if (meta_data && !known.includes(meta_data.codec)) {
        throw new DataError(
          `parquetRows: expected ${name} to be compressed with one of ${known.join(", ")}, got ${meta_data.codec}. Write it with another codec.`,
        );
      }
    }
  }
}

async function readGroup(
  { source, metadata }: { source: ParquetSource; metadata: FileMetaData },
  { at, columns }: { at: number; columns: readonly string[] | undefined },
): Promise<{ start: number; rows: ParquetRow[] } | undefined> {
  let start = 0;
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    if (at < end) {
      const rows = await parquetReadObjects({
        file: asyncBuffer(source),
        metadata,
        compressors,
        // Only what is marked as text is decoded; the bytes of an image are none.
        utf8: false,
        rowStart: start,
        rowEnd: end,
        ...(columns === undefined ? {} : { columns: [...columns] }),
      });
      return { start, rows: plain(rows) as ParquetRow[] };
    }
    start = end;
  }
  return undefined;
}

function asyncBuffer(source: ParquetSource): AsyncBuffer {
  return { byteLength: source.byteLength, slice: (start, end) => source.slice(start, end) };
}

/** Lists and records are changed in place. */
function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  // A copy: what was read is a view of its page, which a worker would be sent whole.
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) for (const [i, item] of value.entries()) value[i] = plain(item);
  else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, item] of Object.entries(value)) (value as ParquetRow)[key] = plain(item);
  }
  return value;
}

async function guarded<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new DataError(
      `parquetRows: expected ${name} to be a whole Parquet file, got: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}
