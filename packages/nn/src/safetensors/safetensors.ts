/** Safetensors files in memory: read and written as Hugging Face's reference library does. https://github.com/huggingface/safetensors */

import { CheckpointError, type HostTensor } from "@dl/core";
import { checkStored, fromStored, type StoredFloat, toStored } from "./convert.ts";
import { isMisleading, parseHeader, prefixLength, readHeaderLength } from "./header.ts";
import { isStoredDType, type StoredTensor, storedBytes } from "./stored-tensor.ts";

/** The contents of one file. */
export interface Safetensors {
  /** Free text by key, such as `format: "pt"`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** By name, in the order of the header. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** What a file is written from: host tensors, or tensors as read from another file. */
export type TensorMap = ReadonlyMap<string, HostTensor | StoredTensor>;

export interface WriteOptions {
  /** Free text to keep in the header. Default none. */
  metadata?: Readonly<Record<string, string>> | ReadonlyMap<string, string> | undefined;
  /** How float32 host tensors are stored. Default `F32`, exactly. */
  floats?: StoredFloat | undefined;
}

/**
 * Reads a whole file. Nothing is copied: tensors are views of `bytes`; `fromStored` converts one.
 *
 * @param options.file  The file's name, for errors. Default `safetensors`.
 * @throws CheckpointError, naming file and tensor, for anything that is not a complete, well-formed file.
 * @example
 * const { tensors } = readSafetensors(new Uint8Array(await (await fetch(url)).arrayBuffer()));
 */
export function readSafetensors(bytes: Uint8Array, { file = "safetensors" }: { file?: string } = {}): Safetensors {
  const fileLength = bytes.byteLength;
  const headerLength = readHeaderLength(bytes.subarray(0, prefixLength), { file, fileLength });
  const header = parseHeader(bytes.subarray(prefixLength, prefixLength + headerLength), { file, fileLength });
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, start, end }] of header.entries) {
    tensors.set(name, { dtype, shape, bytes: bytes.subarray(start, end) });
  }
  return { metadata: header.metadata, tensors };
}

/** `readSafetensors`, with every tensor converted by `fromStored`. */
export function readTensors(bytes: Uint8Array, { file = "safetensors" }: { file?: string } = {}): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, tensor] of readSafetensors(bytes, { file }).tensors) {
    tensors.set(name, fromStored(tensor, { name: `${file}: tensor ${JSON.stringify(name)}` }));
  }
  return tensors;
}

/**
 * A file as bytes. The same tensors give the same bytes, whatever their order in the map.
 *
 * @throws CheckpointError for what no reader would take: bytes that do not fill a shape, names such as `__proto__`, metadata that is no text.
 */
export function writeSafetensors(tensors: TensorMap, options: WriteOptions = {}): Uint8Array {
  const parts = layOut(tensors, options);
  const file = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.byteLength;
  }
  return file;
}

const dtypeOrder = Object.keys(storedBytes);

/** The file's parts, header first, without joining them: what a writer streams. */
export function layOut(tensors: TensorMap, { metadata = {}, floats = "F32" }: WriteOptions = {}): Uint8Array[] {
  const parts = [...tensors].map(([name, tensor]) => {
    const part = "bytes" in tensor ? tensor : toStored(tensor, { floats });
    if (name === "__metadata__" || isMisleading(name) || !isStoredDType(part.dtype)) {
      throw new CheckpointError(
        `writeSafetensors: expected a tensor name other than "__metadata__", without __proto__, constructor or prototype, and a stored dtype, got ${JSON.stringify(name)} of ${part.dtype}.`,
      );
    }
    checkStored(`tensor ${JSON.stringify(name)}`, part);
    return { name, part };
  });
  // As the reference library: widest dtype first, which keeps every tensor aligned, then by name.
  parts.sort((a, b) => dtypeOrder.indexOf(b.part.dtype) - dtypeOrder.indexOf(a.part.dtype) || compare(a.name, b.name));

  // Text by hand: in an object, a tensor called "0" would move to the front and "__proto__" would vanish.
  const members: string[] = [];
  const notes = [...(metadata instanceof Map ? metadata : Object.entries(metadata))] as [string, string][];
  for (const [key, text] of notes) {
    if (typeof text !== "string" || isMisleading(key)) {
      throw new CheckpointError(
        `writeSafetensors: expected metadata of text by name, got ${JSON.stringify(key)}: ${JSON.stringify(text) ?? "undefined"}.`,
      );
    }
  }
  if (notes.length > 0) {
    notes.sort(([a], [b]) => compare(a, b));
    members.push(`"__metadata__":{${notes.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(",")}}`);
  }
  let at = 0;
  for (const { name, part } of parts) {
    const end = at + part.bytes.byteLength;
    members.push(`${JSON.stringify(name)}:{"dtype":"${part.dtype}","shape":[${part.shape.join(",")}],"data_offsets":[${at},${end}]}`);
    at = end;
  }
  const header = new TextEncoder().encode(`{${members.join(",")}}`);
  const headerLength = Math.ceil(header.byteLength / prefixLength) * prefixLength;
  // Spaces after the JSON align the data to eight bytes.
  const head = new Uint8Array(prefixLength + headerLength).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerLength), true);
  head.set(header, prefixLength);
  return [head, ...parts.map(({ part }) => part.bytes)];
}

// By code unit, the same on every machine.
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
