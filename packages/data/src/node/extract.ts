/** Takes chosen files out of a tar stream, decompressing them where asked. */

import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable, Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { DataError } from "@dl/core";
import { readTar } from "../formats/tar.ts";
import type { OriginContext, SourceFile } from "./source.ts";

/** Writes `bytes` as the wanted file into the work folder: gunzipped if `path` ends in `.gz`, and never longer than promised. */
export async function writeWanted(
  bytes: AsyncIterable<Uint8Array>,
  { path, file, context }: { path: string; file: SourceFile; context: OriginContext },
): Promise<string> {
  const target = join(context.workDirectory, `extracted-${file.name}`);
  const unzip = path.endsWith(".gz") ? [createGunzip()] : [];
  const options = context.signal === undefined ? {} : { signal: context.signal };
  await pipeline([Readable.from(bytes, { objectMode: false }), ...unzip, atMost(file), createWriteStream(target)], options);
  return target;
}

/** The wanted files of an archive; `paths` names each file's place in it. */
export async function extractWanted(
  archive: AsyncIterable<Uint8Array>,
  { paths, context }: { paths: Readonly<Record<string, string>>; context: OriginContext },
): Promise<Map<string, string>> {
  const extracted = new Map<string, string>();
  for await (const entry of readTar(archive)) {
    const file = context.wanted.find(({ name }) => paths[name] === entry.path);
    if (file === undefined) continue;
    context.report({ step: "extract", received: extracted.size, total: context.wanted.length });
    extracted.set(file.name, await writeWanted(entry.body, { path: entry.path, file, context }));
    if (extracted.size === context.wanted.length) break;
  }
  return extracted;
}

/** Stops a stream that is longer than its file: a small archive must not fill the disk. */
function atMost({ name, bytes }: SourceFile): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback) {
      seen += chunk.length;
      if (seen > bytes) done(new DataError(`extract: expected ${name} to have ${bytes} bytes, got more.`));
      else done(null, chunk);
    },
  });
}
