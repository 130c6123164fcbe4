/** The header of a safetensors file, checked before anything is allocated from it. https://github.com/huggingface/safetensors, "Format". */

import { CheckpointError, type Shape } from "@dl/core";
import { HeaderSyntaxError, type HeaderValue, parseHeaderJson } from "./header-json.ts";
import { isStoredDType, type StoredDType, storedBytes } from "./stored-tensor.ts";

/** Bytes before the header: its length as a little-endian 64-bit number. */
export const prefixLength = 8;
/** The format's own limit: no header is longer. */
export const maximumHeaderLength = 100_000_000;

/** Where one tensor lies in the file. */
export interface TensorEntry {
  readonly dtype: StoredDType;
  readonly shape: Shape;
  /** First byte, counted from the start of the file. */
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

// Harmless in a Map, but a caller who copies names into a plain object would be led astray.
const forbiddenSegments = new Set(["__proto__", "constructor", "prototype"]);

/** Length of the header, from the file's first bytes. `file` names it in errors; `fileLength` in bytes. */
export function readHeaderLength(prefix: Uint8Array, { file, fileLength }: { file: string; fileLength: number }): number {
  if (prefix.length < prefixLength || fileLength < prefixLength) {
    throw new CheckpointError(`${file}: expected a safetensors file of at least ${prefixLength} bytes, got ${fileLength}. Fetch it again.`);
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > maximumHeaderLength) {
    throw new CheckpointError(
      `${file}: expected a safetensors header of at most ${maximumHeaderLength} bytes, got ${length}. This is not a safetensors file.`,
    );
  }
  if (length > fileLength - prefixLength) {
    throw new CheckpointError(
      `${file}: expected a header that fits the file's ${fileLength} bytes, got one of ${length}. The file is cut off, or not safetensors.`,
    );
  }
  return length;
}

/** Parses and checks a header. `bytes` is the header alone. */
export function parseHeader(bytes: Uint8Array, { file, fileLength }: { file: string; fileLength: number }): Header {
  const json = parseJson(bytes, file);
  const dataStart = prefixLength + bytes.length;
  const entries = new Map<string, TensorEntry>();
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of json) {
    if (name === "__metadata__") metadata = parseMetadata(value, file);
    else entries.set(name, parseEntry(value, { file, name, dataStart }));
  }
  checkCoverage(entries, { file, dataStart, fileLength });
  return { metadata, entries };
}

function parseJson(bytes: Uint8Array, file: string): ReadonlyMap<string, HeaderValue> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CheckpointError(`${file}: expected a safetensors header in UTF-8, got other bytes. The file is damaged.`);
  }
  // The format demands it: tools tell a safetensors file by this byte.
  if (!text.startsWith("{")) {
    throw new CheckpointError(
      `${file}: expected a safetensors header that opens with "{", got ${JSON.stringify(text.slice(0, 16))}. This is not a safetensors file.`,
    );
  }
  try {
    return parseHeaderJson(text) as ReadonlyMap<string, HeaderValue>;
  } catch (error) {
    if (error instanceof HeaderSyntaxError) {
      throw new CheckpointError(`${file}: header is not valid JSON: ${error.message}. The file is damaged.`);
    }
    throw error;
  }
}

/** Whether some part of a name would lead astray who copies it into a plain object. */
export function isMisleading(name: string): boolean {
  return name.split(".").some((segment) => forbiddenSegments.has(segment));
}

function checkName(name: string, file: string): void {
  if (isMisleading(name)) {
    throw new CheckpointError(`${file}: expected names a program can hold, got ${JSON.stringify(name)}. Do not trust this file.`);
  }
}

function parseMetadata(value: HeaderValue, file: string): ReadonlyMap<string, string> {
  if (!(value instanceof Map)) {
    throw new CheckpointError(`${file}: expected "__metadata__" to be an object of strings, got ${describe(value)}.`);
  }
  const metadata = new Map<string, string>();
  for (const [key, text] of value as ReadonlyMap<string, HeaderValue>) {
    checkName(key, file);
    if (typeof text !== "string") {
      throw new CheckpointError(`${file}: expected a string for metadata ${JSON.stringify(key)}, got ${describe(text)}.`);
    }
    metadata.set(key, text);
  }
  return metadata;
}

function parseEntry(value: HeaderValue, { file, name, dataStart }: { file: string; name: string; dataStart: number }): TensorEntry {
  checkName(name, file);
  const where = `${file}: tensor ${JSON.stringify(name)}`;
  if (!(value instanceof Map)) throw new CheckpointError(`${where}: expected an object, got ${describe(value)}.`);
  const fields = value as ReadonlyMap<string, HeaderValue>;

  const dtype = fields.get("dtype");
  if (!isStoredDType(dtype)) {
    throw new CheckpointError(`${where}: expected a dtype of ${Object.keys(storedBytes).join(", ")}, got ${describe(dtype)}.`);
  }
  const shape = fields.get("shape");
  if (!isWholeNumbers(shape)) {
    throw new CheckpointError(`${where}: expected a shape of whole numbers ≥ 0, got ${describe(shape)}.`);
  }
  const offsets = fields.get("data_offsets");
  if (!isWholeNumbers(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw new CheckpointError(`${where}: expected data_offsets [start, end] with 0 ≤ start ≤ end, got ${describe(offsets)}.`);
  }
  const length = offsets[1]! - offsets[0]!;
  // Factor by factor, so that an absurd shape cannot wrap round; a zero later still makes the tensor empty.
  const expected = shape.includes(0) ? 0 : shape.reduce((size, axis) => size * axis, storedBytes[dtype]);
  if (expected !== length) {
    throw new CheckpointError(
      `${where}: expected ${expected} bytes for ${dtype} [${shape.join(", ")}], got ${length}. The file is damaged.`,
    );
  }
  return { dtype, shape, start: dataStart + offsets[0]!, end: dataStart + offsets[1]! };
}

function isWholeNumbers(value: HeaderValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number" && Number.isSafeInteger(item) && item >= 0);
}

/** The tensors must fill the data exactly: no gap, no overlap, nothing after the last. */
function checkCoverage(
  entries: ReadonlyMap<string, TensorEntry>,
  { file, dataStart, fileLength }: { file: string; dataStart: number; fileLength: number },
): void {
  let end = dataStart;
  const inOrder = [...entries].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  for (const [name, entry] of inOrder) {
    const where = `${file}: tensor ${JSON.stringify(name)}`;
    if (entry.start !== end) {
      const fault = entry.start < end ? "overlaps the tensor before it" : "leaves a gap before it";
      throw new CheckpointError(`${where}: expected data from byte ${end}, got ${entry.start}: it ${fault}. The file is damaged.`);
    }
    if (entry.end > fileLength) {
      throw new CheckpointError(
        `${where}: expected data up to byte ${entry.end}, but the file ends at ${fileLength}. It is cut off: fetch it again.`,
      );
    }
    end = entry.end;
  }
  if (end !== fileLength) {
    throw new CheckpointError(
      `${file}: expected the last tensor to end at byte ${fileLength}, got ${end}: ${fileLength - end} bytes trail it.`,
    );
  }
}

function describe(value: HeaderValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value instanceof Map) return "an object";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
