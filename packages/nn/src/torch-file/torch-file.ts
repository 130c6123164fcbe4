/** Files of `torch.save`: a zip archive of a pickle and the bytes of every storage, or before PyTorch 1.6 the same in a row. PyTorch, `torch/serialization.py`. */

import { CheckpointError, crc32, formatShape, type HostTensor, type Shape, sizeOf, type ZipMember, zipMembers } from "@dl/core";
import { fromStored } from "../safetensors/convert.ts";
import { type StoredDType, storedBytes } from "../safetensors/stored-tensor.ts";
import { PickledCall, PickledName, PickledReference, type PickledValue, parsePickle } from "./pickle.ts";
import { isPickleRow, openPickleRow } from "./pickle-row.ts";

/** What `torch.save` wrote, by whichever form. */
export interface TorchArchive {
  /** The saved object. */
  readonly root: PickledValue;
  /** Bytes that tensors are views of. */
  storage(key: string): Uint8Array | undefined;
}

const storageTypes: Readonly<Record<string, StoredDType>> = {
  "torch FloatStorage": "F32",
  "torch DoubleStorage": "F64",
  "torch HalfStorage": "F16",
  "torch BFloat16Storage": "BF16",
  "torch LongStorage": "I64",
  "torch IntStorage": "I32",
  "torch ShortStorage": "I16",
  "torch CharStorage": "I8",
  "torch ByteStorage": "U8",
  "torch BoolStorage": "BOOL",
};

export interface ReadTorchFileOptions {
  /** The dict with the tensors within the saved object, keys joined by dots: `"state_dict"`. Default: the object itself. */
  within?: string | undefined;
  /** The file's name, for errors. Default `"torch file"`. */
  file?: string | undefined;
}

/**
 * The tensors of a file that `torch.save` of any version wrote (`.pt`, `.pth`, `.bin`), by name; the names of nested dicts are joined by dots. What is no
 * tensor is left out. Code in the file is never run.
 *
 * Layouts are PyTorch's: `loadTorchState` of @dl/cnn loads such a map into a model.
 *
 * @throws CheckpointError for a file of another kind or a damaged one, for a missing `within`, and for tensors that are complex, quantised,
 * sparse, or of integers that do not fit int32.
 * @example
 * const tensors = readTorchFile(new Uint8Array(await (await fetch(url)).arrayBuffer()));
 */
export function readTorchFile(bytes: Uint8Array, { within, file = "torch file" }: ReadTorchFileOptions = {}): Map<string, HostTensor> {
  const wrong = (got: string): CheckpointError =>
    new CheckpointError(
      `readTorchFile: expected ${file} to be what torch.save writes, got ${got}. Load it in Python and save it again, or save it as safetensors.`,
    );
  let archive: TorchArchive;
  try {
    archive = isPickleRow(bytes) ? openPickleRow(bytes, { wrong, bytesOf }) : openArchive(bytes, wrong);
  } catch (error) {
    if (error instanceof RangeError) throw new CheckpointError(`readTorchFile: expected ${file} to be whole, got ${error.message}.`);
    throw error;
  }
  let start = archive.root;
  for (const key of within?.split(".") ?? []) {
    if (!(start instanceof Map) || !start.has(key)) {
      const keys = start instanceof Map ? [...start.keys()].map(String).slice(0, 20).join(", ") : "no dict";
      throw new CheckpointError(`readTorchFile: expected a dict ${JSON.stringify(within)} in ${file}, got: ${keys}.`);
    }
    start = start.get(key)!;
  }
  const found = new Map<string, PickledCall>();
  collect(start, { prefix: "", found, seen: new Set(), depth: 0 });
  if (found.size === 0) throw new CheckpointError(`readTorchFile: expected tensors by name in ${file}, got none.`);
  return new Map(
    Array.from(found, ([name, call]) => [name, tensorOf(call, { archive, where: `${file}: tensor ${JSON.stringify(name)}` })]),
  );
}

/** Of an element of a storage: of one whose type is unknown, undefined. */
function bytesOf(storageType: PickledValue): number | undefined {
  const dtype = storageTypes[nameOf(storageType)];
  return dtype && storedBytes[dtype];
}

function openArchive(bytes: Uint8Array, wrong: (got: string) => CheckpointError): TorchArchive {
  const members = new Map(zipMembers(bytes, { damaged: wrong }).map((member) => [member.path, member]));
  const checked = (member: ZipMember): Uint8Array => {
    const { path, method, checksum } = member;
    if (method !== 0) throw wrong(`${path}, compressed`);
    const stored = member.stored();
    // torch.save writes 0 where it was told not to compute checksums: torch.serialization.set_crc32_options.
    if (checksum !== 0 && crc32(stored) !== checksum)
      throw wrong(`${path} with another checksum than it was saved with: its bytes were changed`);
    return stored;
  };
  const pickle = [...members.values()].find(({ path }) => path.endsWith("/data.pkl"));
  if (pickle === undefined) throw wrong("an archive without data.pkl");
  const folder = pickle.path.slice(0, -"data.pkl".length);
  const read = (name: string): Uint8Array | undefined => {
    const member = members.get(`${folder}${name}`);
    return member && checked(member);
  };
  const order = read("byteorder");
  if (order !== undefined && new TextDecoder().decode(order) !== "little") throw wrong("one of a big-endian machine");
  // Tensors that share a storage ask for it once each; it is checked once.
  const storages = new Map<string, Uint8Array | undefined>();
  return {
    root: parsePickle(checked(pickle)),
    storage: (key) => {
      if (!storages.has(key)) storages.set(key, read(`data/${key}`));
      return storages.get(key);
    },
  };
}

/** Dicts within dicts, at most: no program nests them deeper. */
const deepest = 64;

/** Finds the tensors of nested dicts. Each dict is walked once: one that holds itself, or the same one many times, ends. */
function collect(
  value: PickledValue,
  { prefix, found, seen, depth }: { prefix: string; found: Map<string, PickledCall>; seen: Set<PickledValue>; depth: number },
): void {
  if (!(value instanceof Map) || seen.has(value) || depth > deepest) return;
  seen.add(value);
  for (const [key, item] of value) {
    if (typeof key !== "string" && typeof key !== "number") continue;
    const name = prefix === "" ? String(key) : `${prefix}.${key}`;
    if (item instanceof PickledCall && nameOf(item.callee).startsWith("torch._utils _rebuild_")) found.set(name, item);
    else collect(item, { prefix: name, found, seen, depth: depth + 1 });
  }
}

function nameOf(value: PickledValue): string {
  return value instanceof PickledName ? value.name : "";
}

function tensorOf(found: PickledCall, { archive, where }: { archive: TorchArchive; where: string }): HostTensor {
  const call = unwrapped(found);
  const parameters = Array.isArray(call.parameters) ? call.parameters : [];
  const [reference, offset, shape, strides] = parameters;
  const storage = reference instanceof PickledReference && Array.isArray(reference.id) ? reference.id : [];
  const dtype = storageTypes[nameOf(storage[1] ?? null)];
  if (nameOf(call.callee) !== "torch._utils _rebuild_tensor_v2" || dtype === undefined) {
    throw new CheckpointError(
      `${where}: expected a dense tensor of floats or integers, got ${nameOf(storage[1] ?? null) || nameOf(call.callee)}. Convert it in Python first.`,
    );
  }
  const bytes = archive.storage(String(storage[2]));
  if (!isCount(offset) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length || bytes === undefined) {
    throw new CheckpointError(`${where}: expected a storage, an offset, sizes and strides, got a damaged record.`);
  }
  const width = storedBytes[dtype];
  const size = sizeOf(shape);
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, offset);
  const held = Math.floor(bytes.length / width);
  if (!Number.isSafeInteger(size) || (size > 0 && (last >= held || size > held))) {
    throw new CheckpointError(
      `${where}: expected ${formatShape(shape)} with strides ${formatShape(strides)} to lie within ${held} elements, got one up to ${last}. The file is damaged, or the tensor was expanded: call contiguous() before it is saved.`,
    );
  }
  return fromStored({ dtype, shape, bytes: rowMajor(bytes, { width, offset, shape, strides, size }) }, { name: where });
}

/** A parameter wraps its tensor, once: a file that wraps it again and again is not followed. */
function unwrapped(call: PickledCall): PickledCall {
  const [inner] = Array.isArray(call.parameters) ? call.parameters : [];
  return nameOf(call.callee) === "torch._utils _rebuild_parameter" && inner instanceof PickledCall ? inner : call;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}

interface Layout {
  /** Bytes of an element. */
  readonly width: number;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly size: number;
}

/** The elements in order: a view where they lie so already, a copy where not. */
function rowMajor(bytes: Uint8Array, { width, offset, shape, strides, size }: Layout): Uint8Array {
  let expected = 1;
  let inOrder = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) inOrder = false;
    expected *= shape[axis]!;
  }
  if (inOrder || size === 0) return bytes.subarray(offset * width, (offset + size) * width);
  const ordered = new Uint8Array(size * width);
  const place = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let i = 0; i < size; i++) {
    for (let b = 0; b < width; b++) ordered[i * width + b] = bytes[from * width + b]!;
    // The next place, as an odometer counts.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++place[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      place[axis] = 0;
    }
  }
  return ordered;
}
