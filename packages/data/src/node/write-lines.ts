/** Files written as a stream, which are there whole or not at all. */

import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { jsonLine } from "../formats/jsonl.ts";

type Pieces = Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>;

/**
 * Writes `pieces` to a file beside `path`, and puts it in its place once everything is on the disk. A name that ends in `.gz` is compressed, as
 * `fileBytes` reads it.
 */
export async function writePieces(path: string, pieces: Pieces): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, "wx");
  try {
    for await (const piece of path.endsWith(".gz") ? gzipped(pieces) : pieces) await file.writeFile(piece);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

function gzipped(pieces: Pieces): AsyncIterable<Uint8Array> {
  // What fails in `pieces` destroys the compressor, and so reaches whoever reads from it: nothing is left for the callback to say.
  return pipeline(Readable.from(pieces), createGzip(), () => {});
}

/** Writes a JSON Lines file, a value a line; a name that ends in `.gz` is compressed. A failure leaves an older file as it was. */
export async function writeJsonl(path: string, values: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
  await writePieces(
    path,
    (async function* () {
      for await (const value of values) yield jsonLine(value);
    })(),
  );
}
