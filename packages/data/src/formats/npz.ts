/** `.npz`: arrays by name in a zip archive. NumPy, `numpy.savez`; PKWARE, APPNOTE 6.3, sections 4.3 and 4.5. */

import { DataError, type HostTensor } from "@dl/core";
import { inflateSync, zipSync } from "fflate";
import { encodeNpy, type NumpyArray, type ParseNpyOptions, parseNpy } from "./numpy-array.ts";

/**
 * Reads every array of a `.npz`, stored or compressed.
 *
 * @throws DataError for a damaged archive, a member that is no array, or two of one name.
 */
export function parseNpz(file: Uint8Array, { name = "npz" }: ParseNpyOptions = {}): Record<string, NumpyArray> {
  const arrays: [string, NumpyArray][] = [];
  for (const member of zipMembers(file, name)) {
    if (!member.path.endsWith(".npy")) throw new DataError(`parseNpz: expected only .npy files in ${name}, got ${member.path}.`);
    arrays.push([member.path.slice(0, -4), parseNpy(member.bytes(), { name: `${name}: ${member.path}` })]);
  }
  if (new Set(arrays.map(([key]) => key)).size !== arrays.length)
    throw new DataError(`parseNpz: expected different names in ${name}, got one twice.`);
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

interface ZipMember {
  readonly path: string;
  bytes(): Uint8Array;
}

/** The members of an archive, by its central directory; Zip64 sizes are read, as NumPy writes them. */
function zipMembers(file: Uint8Array, name: string): ZipMember[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const damaged = (reason: string): DataError => new DataError(`parseNpz: expected ${name} to be a whole zip archive, got ${reason}.`);
  let end = file.length - 22;
  const lowest = Math.max(0, file.length - 22 - 0xffff);
  while (end >= lowest && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < lowest) throw damaged(`${file.length} bytes without the end of a directory`);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const members: ZipMember[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > file.length || view.getUint32(at, true) !== 0x02014b50) throw damaged("a directory that is cut off");
    const method = view.getUint16(at + 10, true);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
      number,
      number,
      number,
    ];
    const path = new TextDecoder().decode(file.subarray(at + 46, at + 46 + nameLength));
    const sizes = {
      whole: view.getUint32(at + 24, true),
      compressed: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    };
    readZip64(view, { at: at + 46 + nameLength, length: extraLength, sizes });
    at += 46 + nameLength + extraLength + commentLength;
    members.push({
      path,
      bytes: () => {
        const { whole, compressed, offset } = sizes;
        if (offset + 30 > file.length || view.getUint32(offset, true) !== 0x04034b50) throw damaged(`no member at the place of ${path}`);
        const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
        if (start + compressed > file.length) throw damaged(`${path} cut off`);
        const stored = file.subarray(start, start + compressed);
        if (method === 0) return stored;
        if (method !== 8) throw damaged(`${path} compressed by method ${method}`);
        // Its promised size bounds the memory, but an array of 1,000 times its bytes is none.
        if (whole > Math.max(2 ** 20, compressed * 1100)) throw damaged(`${path} of ${whole} bytes out of ${compressed}`);
        try {
          const bytes = inflateSync(stored, { out: new Uint8Array(whole) });
          if (bytes.length === whole) return bytes;
        } catch {}
        throw damaged(`${path} damaged`);
      },
    });
  }
  return members;
}

/** Sizes of 2³² and more stand in an extra field, in this order, each only where the short one is full. */
function readZip64(
  view: DataView,
  { at, length, sizes }: { at: number; length: number; sizes: { whole: number; compressed: number; offset: number } },
): void {
  const end = Math.min(at + length, view.byteLength);
  while (at + 4 <= end) {
    const size = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      let field = at + 4;
      for (const key of ["whole", "compressed", "offset"] as const) {
        if (sizes[key] !== 0xffffffff || field + 8 > end) continue;
        sizes[key] = Number(view.getBigUint64(field, true));
        field += 8;
      }
    }
    at += 4 + size;
  }
}
