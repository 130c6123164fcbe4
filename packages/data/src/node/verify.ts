/** Reads a file whole and lets it through only if it is the promised one. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DataError } from "@dl/core";
import type { SourceFile } from "./source.ts";

export interface VerifyOptions {
  /** What the error about a damaged file tells to do. Default: to delete the file. */
  advice?: string | undefined;
}

/**
 * The bytes of `path`, or of `path.gz` decompressed; `undefined` if there is neither.
 *
 * @throws DataError if they are not the promised ones. The file is left alone.
 */
export async function readVerified(
  path: string,
  expected: SourceFile,
  {
    advice = "The file was left as it is: delete it to have it fetched again, or set DL_DATA_DIR to a folder with a good copy.",
  }: VerifyOptions = {},
): Promise<Uint8Array | undefined> {
  const damaged = (file: string, promise: string, got: string): DataError =>
    new DataError(`readVerified: expected ${file} to have ${promise}, got ${got}. ${advice}`);
  const check = (bytes: Uint8Array, file: string): Uint8Array => {
    if (bytes.length !== expected.bytes) throw damaged(file, `${expected.bytes} bytes`, `${bytes.length}`);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (sha256 !== expected.sha256) throw damaged(file, `sha256 ${expected.sha256}`, sha256);
    return bytes;
  };
  const plain = await readWhole(path);
  if (plain !== undefined) return check(plain, path);
  const compressed = await readWhole(`${path}.gz`);
  if (compressed === undefined) return undefined;
  const bytes = await promisify(gunzip)(compressed, { maxOutputLength: expected.bytes }).catch((error: Error) => {
    throw damaged(`${path}.gz`, `${expected.bytes} bytes under gzip`, error.message);
  });
  return check(bytes, `${path}.gz`);
}

async function readWhole(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DataError(`readVerified: expected to read ${path}, got ${code}: ${message}.`);
  }
}
