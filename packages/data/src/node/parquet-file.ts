/** A Parquet file on the disk, read piece by piece. */

import { open, stat } from "node:fs/promises";
import { DataError } from "@dl/core";
import { type ParquetOptions, type ParquetRow, parquetRows } from "../formats/parquet.ts";
import type { DataStream } from "../streams/data-stream.ts";

/** The rows of a Parquet file; one row group is in memory at a time. */
export function parquetFile(path: string, options: ParquetOptions = {}): DataStream<ParquetRow> {
  return parquetRows(async () => {
    const { size } = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw new DataError(`parquetFile: expected to read ${path}, got ${error.code}.`);
    });
    return { name: path, byteLength: size, slice: (start, end = size) => readRange(path, start, end) };
  }, options);
}

/** Opened for each range: there are a few a row group, and no file stays open behind a stream that nobody closes. */
async function readRange(path: string, start: number, end: number): Promise<ArrayBuffer> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(end - start);
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
      if (bytesRead === 0) throw new DataError(`parquetFile: expected ${end} bytes in ${path}, got ${start + at}.`);
      at += bytesRead;
    }
    return bytes.buffer;
  } finally {
    await file.close();
  }
}
