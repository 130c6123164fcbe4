/** Runs kept in this browser: their files in IndexedDB, a line about each for the list. */

import { type Signal, signal } from "@preact/signals";
import type { JobName, RunFiles } from "../engine/protocol.ts";

/** A run, without its files. */
export interface RunEntry {
  readonly id: string;
  readonly panel: JobName;
  /** Such as `LeNet on MNIST`. */
  readonly title: string;
  /** Such as `98.1 % after 6 epochs`. */
  readonly outcome: string;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly bytes: number;
  /** The link's settings, as in `set=fashion&seed=2`. */
  readonly query: string;
  /** What the panel draws of a run that it did not see: the curves. Plain data. */
  readonly curves: unknown;
}

/** Why runs cannot be kept. */
export class StorageError extends Error {
  override readonly name = "StorageError";
}

const databaseName = "dl-studio";

let database: Promise<IDBDatabase> | undefined;

/** A line of the list. The curves of all runs that were ever kept would fill the page: they are read with the run. */
export type RunLine = Omit<RunEntry, "curves">;

/** What is kept, the newest first; empty until it was read. */
export const kept: Signal<readonly RunLine[]> = signal([]);

function open(): Promise<IDBDatabase> {
  database ??= new Promise<IDBDatabase>((resolve, reject) => {
    if (!("indexedDB" in globalThis)) {
      reject(
        new StorageError(
          "This browser keeps no data for pages (no IndexedDB), so runs are lost when the page closes. Export what you want to keep.",
        ),
      );
      return;
    }
    const request = indexedDB.open(databaseName, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("entries", { keyPath: "id" });
      request.result.createObjectStore("files");
    };
    request.onsuccess = () => {
      const { result } = request;
      const close = (): void => {
        result.close();
        database = undefined;
      };
      // The browser has thrown the data away, or a newer studio in another tab wants to change them: the next use opens them anew.
      result.onclose = close;
      result.onversionchange = close;
      resolve(result);
    };
    request.onerror = () => reject(explained(request.error));
    request.onblocked = () => reject(new StorageError("Another tab holds an older studio open. Close it, and reload this page."));
  }).catch((error: unknown) => {
    database = undefined;
    throw error;
  });
  return database;
}

function explained(error: DOMException | null): StorageError {
  if (error?.name === "QuotaExceededError") {
    return new StorageError(
      "The browser has no room left for runs, so this one is not kept. Delete runs in the list, or export this one; the training goes on.",
    );
  }
  return new StorageError(`The browser would not keep the run (${error?.message ?? "no reason given"}). Export what you want to keep.`);
}

/** One transaction over both stores; resolves when it is on the disk. */
async function transact<T>(
  mode: IDBTransactionMode,
  work: (entries: IDBObjectStore, files: IDBObjectStore) => IDBRequest<T> | undefined,
): Promise<T | undefined> {
  const transaction = (await open()).transaction(["entries", "files"], mode);
  return await new Promise<T | undefined>((resolve, reject) => {
    const fail = (): void => reject(explained(transaction.error ?? request?.error ?? null));
    transaction.onabort = fail;
    transaction.onerror = fail;
    let request: IDBRequest<T> | undefined;
    transaction.oncomplete = () => resolve(request?.result);
    try {
      request = work(transaction.objectStore("entries"), transaction.objectStore("files"));
    } catch (error) {
      reject(explained(error as DOMException));
    }
  });
}

function list(runs: readonly (RunLine & { readonly curves?: unknown })[]): void {
  kept.value = runs.map(({ curves: _, ...line }) => line).sort((a, b) => b.savedAt - a.savedAt);
}

/** Reads the list. */
export async function readKept(): Promise<void> {
  const entries = (await transact("readonly", (entries) => entries.getAll())) as RunEntry[] | undefined;
  list(entries ?? []);
}

/**
 * Keeps a run, in the place of the one with its id.
 *
 * @throws StorageError when the browser refuses: no room, or none at all.
 */
export async function keepRun(entry: Omit<RunEntry, "bytes">, files: RunFiles): Promise<void> {
  const bytes = Object.values(files).reduce((sum, file) => sum + file.length, 0);
  const whole: RunEntry = { ...entry, bytes };
  await transact("readwrite", (entries, store) => {
    store.put(files, entry.id);
    return entries.put(whole);
  });
  list([whole, ...kept.peek().filter(({ id }) => id !== entry.id)]);
}

/** A run with its files. Throws a StorageError when it is gone. */
export async function readRun(id: string): Promise<{ readonly entry: RunEntry; readonly files: RunFiles }> {
  const entry = (await transact("readonly", (entries) => entries.get(id))) as RunEntry | undefined;
  const files = (await transact("readonly", (_, store) => store.get(id))) as RunFiles | undefined;
  if (!entry || !files) throw new StorageError("The files of this run are gone: another tab, or the browser, has deleted it.");
  return { entry, files };
}

export async function deleteRun(id: string): Promise<void> {
  await transact("readwrite", (entries, store) => {
    store.delete(id);
    return entries.delete(id) as IDBRequest<unknown>;
  });
  kept.value = kept.peek().filter((entry) => entry.id !== id);
}
