/** The folder of one run: its checkpoints, metrics, events and report. */

import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { OptionError } from "@dl/core";
import { errorCode, FileError, fileError } from "./file-error.ts";
import { acquireLock, type Lock } from "./lock-file.ts";
import { isTemporary, makeFolder, writeFileAtomic } from "./write-file-atomic.ts";

const lockName = ".lock";

export interface RunFolderOptions {
  /** Go on with the run that is there. Default false: the folder must be new or empty. */
  readonly resume?: boolean;
}

/**
 * A folder that belongs to one running process. It is locked until `close`; a lock left by a killed process is taken over.
 *
 * @example
 * await using run = await RunFolder.open("runs/lenet-mnist");
 * await run.write("notes.txt", "Learning rate 0.1 was too high.\n");
 */
export class RunFolder {
  /** Absolute. */
  readonly path: string;
  readonly #lock: Lock;

  private constructor(path: string, lock: Lock) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the folder, or takes an empty one, or, to resume, one that holds a run.
   *
   * @throws FileError if another process works there, if there are files and `resume` is false, or none and
   * it is true.
   */
  static async open(path: string, { resume = false }: RunFolderOptions = {}): Promise<RunFolder> {
    const absolute = resolve(path);
    // To resume is to find something: a mistyped name makes no folder.
    if (resume) await filesIn(absolute);
    else await makeFolder(absolute);
    const lock = await acquireLock(join(absolute, lockName));
    try {
      const files = await filesIn(absolute);
      if (resume) await requireRun(absolute, files);
      else requireEmpty(absolute, files);
      return new RunFolder(absolute, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Makes `<parent>/<name>-1`, or `-2`, … : the first that is not there. Runs started at the same time get different ones. */
  static async next(parent: string, name: string): Promise<RunFolder> {
    if (name === "" || basename(name) !== name)
      throw new OptionError(`RunFolder.next: expected a plain name, got ${JSON.stringify(name)}.`);
    await makeFolder(parent);
    for (let number = 1; ; number++) {
      const path = join(parent, `${name}-${number}`);
      try {
        await mkdir(path);
      } catch (error) {
        if (errorCode(error) === "EEXIST") continue;
        throw fileError("RunFolder.next", `to make the folder ${path}`, error);
      }
      return RunFolder.open(path);
    }
  }

  /** The path of a file in the folder; the folders between are made by `write`. */
  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** Writes a file whole or not at all: see `writeFileAtomic`. */
  async write(name: string, data: string | Uint8Array | Iterable<Uint8Array>): Promise<void> {
    const path = this.file(name);
    await makeFolder(dirname(path));
    await writeFileAtomic(path, data);
  }

  /** Gives the folder free for another run. */
  close(): Promise<void> {
    return this.#lock.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function filesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => !name.startsWith(lockName)).sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw new FileError(`RunFolder.open: expected a run to resume at ${path}, but nothing is there.`);
    throw fileError("RunFolder.open", `to list the folder ${path}`, error);
  }
}

function requireEmpty(path: string, files: readonly string[]): void {
  if (files.length === 0) return;
  const some = files.slice(0, 3).join(", ");
  throw new FileError(
    `RunFolder.open: expected ${path} to be new or empty, but it holds ${some}${files.length > 3 ? ` and ${files.length - 3} more` : ""}. Resume that run, or choose another folder.`,
  );
}

async function requireRun(path: string, files: readonly string[]): Promise<void> {
  const abandoned = files.filter(isTemporary);
  if (abandoned.length === files.length) {
    throw new FileError(`RunFolder.open: expected a run to resume at ${path}, but the folder is empty. Start a new run there.`);
  }
  // What a killed process was about to write. The lock is ours: nobody else is at it.
  for (const name of abandoned) await rm(join(path, name), { force: true });
}
