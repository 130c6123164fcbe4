/** A run as one file: a zip of what `dl train` writes into a run's folder, so that either reads what the other wrote. */

import { DataError } from "@dl/core";
import { unzipSync, zipSync } from "fflate";
import type { RunFiles } from "../engine/protocol.ts";

/** More than any run of the studio: a file that claims more is no run of ours. */
const mostBytes = 1 << 30;

/** `<name>/run.json`, `<name>/model.safetensors` and so on, zipped. */
export function zipRun(name: string, files: RunFiles): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(files).map(([file, bytes]) => [`${name}/${file}`, bytes] as const);
  // Weights do not compress: stored as they are.
  return zipSync(Object.fromEntries(entries), { level: 0 }) as Uint8Array<ArrayBuffer>;
}

/**
 * The files of a zip, or of files picked one by one, by their names without folders.
 *
 * @throws DataError for a damaged zip, or one without a `run.json`.
 */
export function unzipRun(picked: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): RunFiles {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const [name, bytes] of picked) {
    if (!name.toLowerCase().endsWith(".zip")) files[baseName(name)] = bytes;
    else
      for (const [path, file] of Object.entries(unzipped(name, bytes)))
        if (!path.endsWith("/")) files[baseName(path)] = file as Uint8Array<ArrayBuffer>;
  }
  if (!("run.json" in files)) {
    const got = Object.keys(files).slice(0, 5).join(", ") || "nothing";
    throw new DataError(
      `A run is a zip of this studio, or the files run.json and model.safetensors of a folder that dl train made; got ${got}.`,
    );
  }
  return files;
}

function unzipped(name: string, bytes: Uint8Array): Record<string, Uint8Array> {
  let size = 0;
  try {
    return unzipSync(bytes, {
      filter: ({ originalSize }) => {
        size += originalSize;
        if (size > mostBytes) throw new Error("it says it holds more than a gigabyte");
        return true;
      },
    });
  } catch (error) {
    throw new DataError(`${name}: expected a zip of a run, got one that is damaged or cut off (${(error as Error).message}).`);
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Hands a file to the user. */
export function download(name: string, content: Uint8Array<ArrayBuffer> | string): void {
  const url = URL.createObjectURL(new Blob([content]));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
