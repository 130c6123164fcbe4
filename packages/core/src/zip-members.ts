/** What a zip archive holds: `.npz` of NumPy and the files of `torch.save` are such. PKWARE, APPNOTE 6.3, sections 4.3 and 4.5. */

export interface ZipMember {
  readonly path: string;
  /** How it is compressed: 0 not at all, 8 deflate. */
  readonly method: number;
  /** Bytes once it is decompressed. */
  readonly size: number;
  /** CRC-32 of those bytes: what reads them checks it. */
  readonly checksum: number;
  /** The bytes as they lie in the archive: a view. */
  stored(): Uint8Array;
}

export interface ZipMembersOptions {
  /** Makes the error for a damaged archive: `got …`. */
  damaged(got: string): Error;
}

/** The members by the archive's central directory, in its order; Zip64 is read. Nothing is decompressed or checked yet. */
export function zipMembers(file: Uint8Array, { damaged }: ZipMembersOptions): ZipMember[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const { count, start, length } = findDirectory(view, damaged);
  const members: ZipMember[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > file.length || view.getUint32(at, true) !== 0x02014b50) throw damaged("a directory that is cut off");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const path = new TextDecoder().decode(file.subarray(at + 46, at + 46 + nameLength));
    const sizes = {
      size: view.getUint32(at + 24, true),
      compressed: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    };
    readZip64(view, { at: at + 46 + nameLength, length: extraLength, sizes });
    const { size, compressed, offset } = sizes;
    members.push({
      path,
      method: view.getUint16(at + 10, true),
      size,
      checksum: view.getUint32(at + 16, true),
      stored: () => {
        if (offset + 30 > file.length || view.getUint32(offset, true) !== 0x04034b50) throw damaged(`no member at the place of ${path}`);
        const begin = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
        if (begin + compressed > file.length) throw damaged(`${path} cut off`);
        return file.subarray(begin, begin + compressed);
      },
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  if (at !== start + length) throw damaged(`a directory of ${count} members that ends at ${at} instead of ${start + length}`);
  const paths = new Set<string>();
  for (const { path } of members) {
    if (paths.has(path)) throw damaged(`two members ${path}`);
    paths.add(path);
  }
  return members;
}

/** Looks for the end of the directory from the back: a comment may follow it. */
function findDirectory(view: DataView, damaged: ZipMembersOptions["damaged"]): { count: number; start: number; length: number } {
  let end = view.byteLength - 22;
  const lowest = Math.max(0, view.byteLength - 22 - 0xffff);
  while (end >= lowest && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < lowest) throw damaged(`${view.byteLength} bytes without the end of a directory`);
  const short = { count: view.getUint16(end + 10, true), length: view.getUint32(end + 12, true), start: view.getUint32(end + 16, true) };
  if (end < 20 || view.getUint32(end - 20, true) !== 0x07064b50) return short;
  const long = Number(view.getBigUint64(end - 12, true));
  if (long + 56 > end || view.getUint32(long, true) !== 0x06064b50) throw damaged("no end of a directory at the place of the long one");
  const [count, length, start] = [32, 40, 48].map((field) => Number(view.getBigUint64(long + field, true))) as [number, number, number];
  return { count, length, start };
}

/** Sizes of 2³² and more stand in an extra field, in this order, each only where the short one is full. */
function readZip64(
  view: DataView,
  { at, length, sizes }: { at: number; length: number; sizes: { size: number; compressed: number; offset: number } },
): void {
  const end = Math.min(at + length, view.byteLength);
  while (at + 4 <= end) {
    const size = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      let field = at + 4;
      for (const key of ["size", "compressed", "offset"] as const) {
        if (sizes[key] !== 0xffffffff || field + 8 > end) continue;
        sizes[key] = Number(view.getBigUint64(field, true));
        field += 8;
      }
    }
    at += 4 + size;
  }
}
