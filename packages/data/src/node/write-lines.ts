/** Files written as a stream, which are there whole or not at all. */

import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { jsonLine } from "../formats/jsonl.ts";

/** Writes `pieces` to a file beside `path`, and puts it in its place once everything is on the disk. */
export async function writePieces(path: string, pieces: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, "wx");
  try {
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes a JSON Lines file, a value a line. A failure leaves an older file as it was. */
export async function writeJsonl(path: string, values: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
  await writePieces(
    path,
    (async function* () {
      for await (const value of values) yield jsonLine(value);
    })(),
  );
}
