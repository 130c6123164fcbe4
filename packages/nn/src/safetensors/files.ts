/** Safetensors on disk, for Node: written so that a crash leaves the old file, read one tensor at a time. */

import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CheckpointError } from "@dl/core";
import { type Header, parseHeader, prefixLength, readHeaderLength } from "./header.ts";
import { layOut, type TensorMap, type WriteOptions } from "./safetensors.ts";
import { parseShardIndex, planShards } from "./shards.ts";
import type { StoredTensor } from "./stored-tensor.ts";

/**
 * Writes a file whole or not at all: into a temporary file beside it, flushed to the disk, then renamed over it.
 * A process killed at any moment leaves the old file or the new one. Folders are made as needed.
 */
export async function writeFileAtomically(path: string, parts: readonly Uint8Array[]): Promise<void> {
  // Not named by the process: in a container each has the same number, and would meet what the one before it, killed, has left.
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "wx");
    try {
      // One after the other: joining them would double the memory of a large model.
      for (const part of parts) await writeAll(file, part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // Where it could not even be made, removing it fails too: the first fault is the one to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new CheckpointError(`${path}: could not be written: ${reason(error)}. What was there before is unchanged.`, { cause: error });
  }
  await syncDirectory(dirname(path));
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  // A single write takes at most 2 GiB; a disk that fills up may take less than asked.
  const chunk = 2 ** 28;
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(chunk, bytes.byteLength - at));
    at += bytesWritten;
  }
}

/** The rename itself reaches the disk with its folder. Windows cannot open a folder, and needs no such step. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const indexName = "model.safetensors.index.json";

/** Writes a safetensors file atomically. See `writeFileAtomically`. */
export async function saveSafetensors(path: string, tensors: TensorMap, options: WriteOptions = {}): Promise<void> {
  await writeFileAtomically(path, layOut(tensors, options));
}

/**
 * Writes shards of at most `maximumBytes` and their index into `folder`. The index of shards that are there is taken away first and the new one comes
 * last, when all it names is there: a process killed in between leaves no index, never one over shards of two models.
 *
 * @param options.maximumBytes  Default 5·10⁹.
 */
export async function saveShards(
  folder: string,
  tensors: TensorMap,
  { maximumBytes = 5e9 }: { maximumBytes?: number } = {},
): Promise<void> {
  const { shards, index } = planShards(tensors, { maximumBytes });
  // All are laid out, and so checked, before anything is taken away; the parts are views, not copies.
  const files = [...shards].map(([file, shard]) => [file, layOut(shard, { metadata: { format: "pt" } })] as const);
  await rm(join(folder, indexName), { force: true });
  for (const [file, parts] of files) await writeFileAtomically(join(folder, file), parts);
  await writeFileAtomically(join(folder, indexName), [new TextEncoder().encode(index)]);
}

/**
 * An open file: its header is checked at once, its tensors are read when asked for.
 *
 * @example no-run
 * await using file = await SafetensorsFile.open("model.safetensors");
 * const weight = fromStored(await file.read("head.weight"));
 */
export class SafetensorsFile implements AsyncDisposable {
  readonly path: string;
  readonly header: Header;
  #handle: FileHandle;

  private constructor(path: string, header: Header, handle: FileHandle) {
    this.path = path;
    this.header = header;
    this.#handle = handle;
  }

  static async open(path: string): Promise<SafetensorsFile> {
    const handle = await open(path, "r").catch((error: unknown) => {
      throw new CheckpointError(`${path}: could not be opened: ${reason(error)}.`, { cause: error });
    });
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw new CheckpointError(`${path}: expected a safetensors file, got something else, such as a folder.`);
      const fileLength = stat.size;
      const prefix = await readRange(handle, path, { start: 0, end: Math.min(prefixLength, fileLength) });
      const headerLength = readHeaderLength(prefix, { file: path, fileLength });
      const bytes = await readRange(handle, path, { start: prefixLength, end: prefixLength + headerLength });
      return new SafetensorsFile(path, parseHeader(bytes, { file: path, fileLength }), handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get names(): string[] {
    return [...this.header.entries.keys()];
  }

  /** One tensor, and no other byte of the file. */
  async read(name: string): Promise<StoredTensor> {
    const entry = this.header.entries.get(name);
    if (entry === undefined) {
      throw new CheckpointError(
        `${this.path}: expected a tensor of the file, got ${JSON.stringify(name)}. It has ${this.header.entries.size} tensors; see names.`,
      );
    }
    return { dtype: entry.dtype, shape: entry.shape, bytes: await readRange(this.#handle, this.path, entry) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

async function readRange(handle: FileHandle, path: string, { start, end }: { start: number; end: number }): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(2 ** 28, bytes.byteLength - at), start + at);
    if (bytesRead === 0)
      throw new CheckpointError(
        `${path}: expected bytes up to ${end}, but the file ended at ${start + at}. It is being changed, or cut off.`,
      );
    at += bytesRead;
  }
  return bytes;
}

/** All tensors of a `.safetensors` file, or of the shards beside a `.index.json`. */
export async function loadSafetensors(path: string): Promise<Map<string, StoredTensor>> {
  if (!path.endsWith(".json")) return (await loadFile(path)).tensors;
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new CheckpointError(`${path}: could not be opened: ${reason(error)}.`, { cause: error });
  });
  const { fileOf } = parseShardIndex(text, { file: path });
  const tensors = new Map<string, StoredTensor>();
  for (const shard of new Set(fileOf.values())) {
    await using file = await SafetensorsFile.open(join(dirname(path), shard));
    for (const [name, home] of fileOf) if (home === shard) tensors.set(name, await file.read(name));
  }
  return tensors;
}

/** A whole file with its metadata. */
export async function loadFile(path: string): Promise<{ metadata: ReadonlyMap<string, string>; tensors: Map<string, StoredTensor> }> {
  await using file = await SafetensorsFile.open(path);
  const tensors = new Map<string, StoredTensor>();
  for (const name of file.names) tensors.set(name, await file.read(name));
  return { metadata: file.header.metadata, tensors };
}
