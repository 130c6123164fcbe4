/** Writes a file whole or not at all. */

import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode, fileError } from "./file-error.ts";

let written = 0;

/**
 * Replaces the file at `path`, or makes it: readers, and a machine that loses power, see the old file or the new one, never a part.
 *
 * The data goes to a temporary file beside it, which is flushed to the disk, renamed over `path`, and the folder is flushed too.
 * If anything fails, the temporary file is removed, the old file is as it was, and a `FileError` says why.
 *
 * @param data  The content; chunks are written one after the other.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array | Iterable<Uint8Array>): Promise<void> {
  const folder = dirname(path);
  let temporary: string | undefined;
  let file: FileHandle | undefined;
  let isReplaced = false;
  try {
    [temporary, file] = await openTemporary(folder, basename(path));
    for (const chunk of typeof data === "string" || data instanceof Uint8Array ? [data] : data) await file.writeFile(chunk);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
    isReplaced = true;
    await syncFolder(folder);
  } catch (error) {
    await file?.close().catch(() => {});
    if (temporary !== undefined && !isReplaced) await rm(temporary, { force: true }).catch(() => {});
    const outcome = isReplaced ? "is new, but may not survive a power failure" : "is as it was";
    throw fileError("writeFileAtomic", `to write ${path} (which ${outcome})`, error);
  }
}

/** A new file that no other writer has: `.name.<pid>-<count>.tmp`. */
async function openTemporary(folder: string, name: string): Promise<[string, FileHandle]> {
  for (;;) {
    const path = join(folder, `.${name}.${process.pid}-${written++}.tmp`);
    try {
      return [path, await open(path, "wx")];
    } catch (error) {
      // Left over from a killed process with our id: the next number.
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}

/** Whether a file is one that `writeFileAtomic` began and, if its process is gone, will not finish. */
export function isTemporary(name: string): boolean {
  return /^\..+\.\d+-\d+\.tmp$/.test(name);
}

/** Makes a rename in `folder`, or a new file, survive a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    // Windows cannot open folders and some network file systems cannot flush them; there the rename itself is all there is.
    if (!["EISDIR", "EPERM", "EINVAL", "ENOTSUP", "EACCES"].includes(errorCode(error) ?? "")) throw error;
  } finally {
    await handle?.close();
  }
}

/** Makes a folder with its parents; an existing one is fine. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError("makeFolder", `to make the folder ${path}`, error);
  }
}
