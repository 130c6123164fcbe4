/** Files of `torch.save` before PyTorch 1.6, which published weights still have: pickles in a row, and then the bytes of every storage. PyTorch, `_legacy_save` of `torch/serialization.py`. */

import type { CheckpointError } from "@dl/core";
import { firstPickle, type PickledReference, type PickledValue } from "./pickle.ts";
import type { TorchArchive } from "./torch-file.ts";

/** What such a file begins with. */
const magic = 0x1950a86a20f9469cfc6cn;
const version = 1001;

export interface PickleRowOptions {
  wrong(got: string): CheckpointError;
  /** Bytes of an element of a storage of this type. */
  bytesOf(storageType: PickledValue): number | undefined;
}

export function isPickleRow(bytes: Uint8Array): boolean {
  // PROTO 2, LONG1 of ten bytes: no zip archive begins so.
  return [0x80, 2, 0x8a, 10].every((byte, i) => bytes[i] === byte) && firstPickle(bytes).value === magic;
}

/** Throws a RangeError where a pickle is broken. */
export function openPickleRow(bytes: Uint8Array, { wrong, bytesOf }: PickleRowOptions): TorchArchive {
  let at = 0;
  const next = () => {
    const pickle = firstPickle(bytes.subarray(at));
    at += pickle.end;
    return pickle;
  };
  next();
  const found = next().value;
  if (found !== version) throw wrong(`version ${String(found)} of it`);
  const machine = next().value;
  if (!(machine instanceof Map) || machine.get("little_endian") !== true) throw wrong("one of a big-endian machine");
  const { value: root, references } = next();
  const types = typesOf(references, wrong);
  const keys = next().value;
  if (!Array.isArray(keys)) throw wrong("no list of its storages");
  const storages = new Map<string, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys.map(String)) {
    const width = bytesOf(types.get(key) ?? null);
    // Where the next one begins would be unknown.
    if (width === undefined) throw wrong(`a storage ${key} of a type that is unknown`);
    if (at + 8 > bytes.length) throw wrong(`an end before storage ${key}`);
    const length = Number(view.getBigInt64(at, true)) * width;
    at += 8;
    if (!(length >= 0 && length <= bytes.length - at)) throw wrong(`an end within storage ${key}`);
    storages.set(key, bytes.subarray(at, at + length));
    at += length;
  }
  return { root, storage: (key) => storages.get(key) };
}

/** A reference is `("storage", type, key, place, length, view)`: the type by key. */
function typesOf(references: readonly PickledReference[], wrong: PickleRowOptions["wrong"]): Map<string, PickledValue> {
  const types = new Map<string, PickledValue>();
  for (const { id } of references) {
    if (!Array.isArray(id) || id[0] !== "storage") continue;
    if (id[5] !== null && id[5] !== undefined) throw wrong("a storage that is part of another");
    types.set(String(id[2]), id[1]!);
  }
  return types;
}
