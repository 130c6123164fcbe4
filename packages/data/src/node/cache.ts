/**
 * The files of a source: from the user's data folder, from the cache, or fetched once into it.
 *
 * Safe for several processes at once without a lock: each fetches into a folder of its own, and a file enters the cache by one
 * rename, verified and synced, so that a reader sees all of it or nothing.
 */

import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { type DataDirectories, defaultCacheDirectory, defaultDataDirectory } from "./directories.ts";
import type { Origin, OriginContext, Source, SourceFile, SourceProgress } from "./source.ts";
import { readVerified } from "./verify.ts";

export interface SourceOptions extends DataDirectories {
  /** Called while files are fetched; not at all when they are at hand. */
  onProgress?: ((progress: SourceProgress) => void) | undefined;
  /** Stops a download. */
  signal?: AbortSignal | undefined;
}

/**
 * The contents of `names`, files of `source`, verified; fetched first if they are nowhere on this machine.
 *
 * @throws DataError for a damaged file (which is named and left alone), or when no origin could give the files (which says why for each).
 */
export async function readSource(source: Source, names: readonly string[], options: SourceOptions = {}): Promise<Map<string, Uint8Array>> {
  const { cacheDirectory = defaultCacheDirectory(), dataDirectory = defaultDataDirectory() } = options;
  const cache = join(cacheDirectory, "data", source.name);
  const contents = new Map<string, Uint8Array>();
  const missing = (): SourceFile[] => source.files.filter((file) => names.includes(file.name) && !contents.has(file.name));
  const read = async (folder: string): Promise<void> => {
    for (const file of missing()) {
      const bytes = await readVerified(join(folder, file.name), file);
      if (bytes !== undefined) contents.set(file.name, bytes);
    }
  };

  const atHand = dataDirectory === undefined ? undefined : join(dataDirectory, source.name);
  if (atHand !== undefined) await read(atHand);
  await read(cache);
  if (missing().length > 0 && atHand !== undefined && source.convert !== undefined) {
    await fetchInto(cache, source, { name: atHand, fetch: (context) => source.convert!(atHand, context) }, options);
    await read(cache);
  }
  const failures: string[] = [];
  for (const origin of source.origins) {
    if (missing().length === 0) break;
    try {
      await fetchInto(cache, source, origin, options);
      await read(cache);
      for (const file of missing()) failures.push(`${origin.name}: has no ${file.name}`);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      failures.push(`${origin.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (missing().length === 0) return contents;
  const absent = missing().map((file) => file.name);
  throw new DataError(
    `readSource: expected to get ${absent.join(", ")} of ${source.title}, got no working origin:\n${failures.map((line) => `  - ${line}`).join("\n")}\nPut the files into ${cache}, or set DL_DATA_DIR to a folder that has them in ${source.name}/.`,
  );
}

/** Everything the cache lacks of `source`: a package has to come whole anyway. */
async function fetchInto(cache: string, source: Source, origin: Origin, { onProgress, signal }: SourceOptions): Promise<void> {
  const workDirectory = join(cache, `${partialPrefix}${process.pid}-${randomUUID()}`);
  const report: OriginContext["report"] = (progress) => onProgress?.({ source: source.name, origin: origin.name, ...progress });
  try {
    await mkdir(workDirectory, { recursive: true });
    await removeAbandoned(cache);
    const present = await readdir(cache);
    const wanted = source.files.filter((file) => !present.includes(file.name));
    const paths = await origin.fetch({ workDirectory, wanted, report, signal });
    report({ step: "verify" });
    for (const file of wanted) {
      const path = paths.get(file.name);
      if (path !== undefined) await admit(path, join(cache, file.name), file);
    }
  } catch (error) {
    throw asDataError(error, cache);
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}

const partialPrefix = `partial-${hostname()}-`;

/** Deletes what fetches of this machine left behind when they were killed. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(partialPrefix)) continue;
    const pid = Number.parseInt(name.slice(partialPrefix.length), 10);
    if (!isRunning(pid)) await rm(join(cache, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    // Signal 0 only asks.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Moves a fetched file into the cache, if it is the promised one and no other process was faster. */
async function admit(from: string, to: string, expected: SourceFile): Promise<void> {
  const advice = "What was fetched was thrown away.";
  if ((await readVerified(from, expected, { advice })) === undefined) {
    throw new DataError(`readSource: expected ${expected.name} at ${from}, got no such file.`);
  }
  if (await exists(to)) return;
  await sync(from);
  // On Windows a rename onto a file another process has open fails; then that file is the good one, and is verified when read.
  await rename(from, to).catch(async (error: unknown) => {
    if (!(await exists(to))) throw error;
  });
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function asDataError(error: unknown, cache: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC")
    return new DataError(`readSource: expected room on the disk of ${cache}, got ENOSPC. Free some, or set DL_CACHE_DIR.`);
  if (code === "EACCES" || code === "EROFS") {
    return new DataError(`readSource: expected to be allowed to write to ${cache}, got ${code}. Set DL_CACHE_DIR to a folder of your own.`);
  }
  return error;
}
