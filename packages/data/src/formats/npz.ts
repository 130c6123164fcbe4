/** `.npz`: arrays by name in a zip archive. NumPy, `numpy.savez`. */

import { crc32, DataError, type HostTensor, type ZipMember, zipMembers } from "@dl/core";
import { inflateSync, zipSync } from "fflate";
import { encodeNpy, type NumpyArray, type ParseNpyOptions, parseNpy } from "./numpy-array.ts";

/**
 * Reads every array of a `.npz`, stored or compressed, and checks its CRC-32, as NumPy does.
 *
 * @throws DataError for a damaged archive, a member that is no array, or two of one name.
 */
export function parseNpz(file: Uint8Array, { name = "npz" }: ParseNpyOptions = {}): Record<string, NumpyArray> {
  const arrays: [string, NumpyArray][] = [];
  const damaged = (got: string): DataError => new DataError(`parseNpz: expected ${name} to be a whole zip archive, got ${got}.`);
  for (const member of zipMembers(file, { damaged })) {
    if (!member.path.endsWith(".npy")) throw new DataError(`parseNpz: expected only .npy files in ${name}, got ${member.path}.`);
    arrays.push([member.path.slice(0, -4), parseNpy(bytesOf(member, damaged), { name: `${name}: ${member.path}` })]);
  }
  return Object.fromEntries(arrays);
}

export interface EncodeNpzOptions {
  /** Makes the file smaller and slower, as `savez_compressed` does. Default `false`. */
  compress?: boolean | undefined;
}

/** A `.npz` of tensors, which NumPy reads. */
export function encodeNpz(arrays: Readonly<Record<string, HostTensor>>, { compress = false }: EncodeNpzOptions = {}): Uint8Array {
  const members = Object.entries(arrays).map(([key, array]) => [`${key}.npy`, encodeNpy(array)] as const);
  // A fixed date: equal arrays make equal files.
  return zipSync(Object.fromEntries(members), { level: compress ? 6 : 0, mtime: "1980-01-01T00:00:00" });
}

/** The member's bytes, decompressed and checked. */
function bytesOf({ path, method, size, checksum, stored }: ZipMember, damaged: (got: string) => DataError): Uint8Array {
  const bytes = method === 0 ? stored() : inflated({ path, method, size, stored: stored() }, damaged);
  const got = crc32(bytes);
  if (got !== checksum)
    throw damaged(`${path} with checksum ${got.toString(16)} instead of ${checksum.toString(16)}: its bytes were changed`);
  return bytes;
}

function inflated(
  { path, method, size, stored }: { path: string; method: number; size: number; stored: Uint8Array },
  damaged: (got: string) => DataError,
): Uint8Array {
  if (method !== 8) throw damaged(`${path} compressed by method ${method}`);
  // Its promised size bounds the memory, but an array of 1,000 times its bytes is none.
  if (size > Math.max(2 ** 20, stored.length * 1100)) throw damaged(`${path} of ${size} bytes out of ${stored.length}`);
  let bytes: Uint8Array | undefined;
  try {
    bytes = inflateSync(stored, { out: new Uint8Array(size) });
  } catch {}
  if (bytes?.length !== size) throw damaged(`${path} damaged`);
  return bytes;
}
