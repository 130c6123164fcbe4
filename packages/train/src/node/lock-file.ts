/** One process at a time: a file that says who works here. */

import { open, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { errorCode, FileError, fileError } from "./file-error.ts";

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells a process from a later one with the same id; where the system has it (Linux). */
  readonly started?: string;
}

/** A lock that is held until `release`, or until its process is gone. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock at `path`. A lock left by a process that no longer runs is taken over.
 *
 * @throws FileError if a running process holds it, or one on another machine, of which nothing is known here.
 */
export async function acquireLock(path: string): Promise<Lock> {
  const own: Holder = { pid: process.pid, host: hostname(), ...(await startOf(process.pid)) };
  const text = JSON.stringify(own);
  for (;;) {
    if (await createLock(path, text)) return { release: () => releaseLock(path, text) };
    const found = await readLock(path);
    if (found === undefined) continue; // Released between the two lines above.
    const holder = parseHolder(found);
    if (holder === undefined || holder.host !== own.host || (await isRunning(holder))) {
      const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
      throw new FileError(
        `acquireLock: expected nobody at work here, but ${who} holds ${path}. Choose another folder, or wait; if that process is gone, delete the file.`,
      );
    }
    await removeStale(path, found);
  }
}

/** Makes the file, unless there is one. */
async function createLock(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw fileError("acquireLock", `to make the lock file ${path}`, error);
  }
}

async function readLock(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw fileError("acquireLock", `to read the lock file ${path}`, error);
  }
}

async function releaseLock(path: string, text: string): Promise<void> {
  if ((await readLock(path)) === text) await rm(path, { force: true });
}

/** Moves the lock away; if in between another process has taken over, its lock goes back, and the next round of the loop finds it. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.stale-${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw fileError("acquireLock", `to take over the lock file ${path}`, error);
  }
  const moved = await readLock(aside);
  if (moved !== undefined && moved !== stale) await createLock(path, moved);
  await rm(aside, { force: true });
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("pid" in value) || !("host" in value)) return undefined;
    const { pid, host } = value;
    if (typeof pid !== "number" || typeof host !== "string") return undefined;
    return { pid, host, ...("started" in value && typeof value.started === "string" ? { started: value.started } : {}) };
  } catch {
    return undefined;
  }
}

async function isRunning({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    return errorCode(error) === "EPERM";
  }
  const now = await startOf(pid);
  return started === undefined || now.started === undefined || started === now.started;
}

/** When a process was started, in ticks since a boot, and which boot: containers use the same small ids again and again. */
async function startOf(pid: number): Promise<{ started?: string }> {
  try {
    const [stat, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, "utf8"), readFile("/proc/sys/kernel/random/boot_id", "utf8")]);
    // The name in field 2 may hold spaces and brackets: count from the last bracket. proc(5): starttime is field 22.
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return ticks === undefined ? {} : { started: `${boot.trim()}:${ticks}` };
  } catch {
    return {};
  }
}
