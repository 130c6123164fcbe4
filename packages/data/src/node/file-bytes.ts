/** The bytes of a file from a place on, decompressed if its name ends in `.gz`. */

import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { DataError } from "@dl/core";

/** @param start In bytes of the decompressed file. */
export async function* fileBytes(path: string, start = 0): AsyncGenerator<Uint8Array, void, undefined> {
  const compressed = path.endsWith(".gz");
  const file = createReadStream(path, compressed ? {} : { start });
  const stream = compressed ? file.pipe(createGunzip()) : file;
  // An error of the file would otherwise be nobody's: a pipe does not hand it on.
  if (compressed) file.on("error", (error) => stream.destroy(error));
  try {
    yield* withoutFirst(compressed ? start : 0, stream as AsyncIterable<Uint8Array>);
  } catch (error) {
    throw new DataError(`DataStream: expected to read ${path}, got ${error instanceof Error ? error.message : String(error)}.`);
  } finally {
    file.destroy();
    stream.destroy();
  }
}

/** `chunks` without their first `count` bytes. */
export async function* withoutFirst(count: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let skip = count;
  for await (const chunk of chunks) {
    if (skip >= chunk.length) {
      skip -= chunk.length;
      continue;
    }
    yield skip > 0 ? chunk.subarray(skip) : chunk;
    skip = 0;
  }
}
