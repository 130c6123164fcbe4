import { expect, test } from "vitest";
import { crc32 } from "./crc32.ts";
import { DataError } from "./errors.ts";
import { zipMembers } from "./zip-members.ts";

const damaged = (got: string): Error => new DataError(`expected an archive, got ${got}.`);
const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
const little = (value: number, bytes: number): number[] => Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);

/** One stored member after the other, the directory, its end: by the tables of section 4.3, written out. */
function archive(members: readonly [string, string][], { long = false }: { long?: boolean } = {}): Uint8Array {
  const file: number[] = [];
  const directory: number[] = [];
  for (const [path, text] of members) {
    const size = text.length;
    const common = [...little(0, 2), ...little(0, 2), ...little(0, 4), ...little(crc32(Uint8Array.from(ascii(text))), 4)];
    const sizes = long ? [0xffffffff, 0xffffffff] : [size, size];
    const extra = long ? [...little(1, 2), ...little(24, 2), ...little(size, 8), ...little(size, 8), ...little(file.length, 8)] : [];
    const offset = long ? 0xffffffff : file.length;
    directory.push(0x50, 0x4b, 1, 2, ...little(45, 2), ...little(45, 2), ...common, ...sizes.flatMap((value) => little(value, 4)));
    directory.push(...little(path.length, 2), ...little(extra.length, 2), ...little(0, 10), ...little(offset, 4), ...ascii(path), ...extra);
    file.push(
      0x50,
      0x4b,
      3,
      4,
      ...little(45, 2),
      ...common,
      ...little(size, 4),
      ...little(size, 4),
      ...little(path.length, 2),
      ...little(0, 2),
    );
    file.push(...ascii(path), ...ascii(text));
  }
  const start = file.length;
  file.push(...directory);
  if (long) {
    const at = file.length;
    file.push(0x50, 0x4b, 6, 6, ...little(44, 8), ...little(45, 2), ...little(45, 2), ...little(0, 8));
    file.push(...[members.length, members.length, directory.length, start].flatMap((value) => little(value, 8)));
    file.push(0x50, 0x4b, 6, 7, ...little(0, 4), ...little(at, 8), ...little(1, 4));
  }
  const [count, length, offset] = long ? [0xffff, 0xffffffff, 0xffffffff] : [members.length, directory.length, start];
  file.push(0x50, 0x4b, 5, 6, ...little(0, 4), ...little(count, 2), ...little(count, 2), ...little(length, 4), ...little(offset, 4));
  return Uint8Array.from([...file, ...little(2, 2), ...ascii("ok")]);
}

const members: [string, string][] = [
  ["a.txt", "hello"],
  ["b/c", ""],
];

test.each([false, true])("members are named with their bytes and checksums; Zip64: %s", (long) => {
  const read = zipMembers(archive(members, { long }), { damaged });
  expect(read.map(({ path, size, method }) => [path, size, method])).toEqual([
    ["a.txt", 5, 0],
    ["b/c", 0, 0],
  ]);
  for (const [i, { stored, checksum }] of read.entries()) {
    expect(new TextDecoder().decode(stored())).toBe(members[i]![1]);
    expect(crc32(stored())).toBe(checksum);
  }
});

test("what is damaged says how", () => {
  const whole = archive(members);
  expect(() => zipMembers(whole.subarray(0, 40), { damaged })).toThrow(/40 bytes without the end of a directory/);
  expect(() => zipMembers(archive([...members, ["b/c", "x"]]), { damaged })).toThrow(/two members b\/c/);
  const fewer = whole.slice();
  fewer[whole.length - 24 + 10] = 1;
  expect(() => zipMembers(fewer, { damaged })).toThrow(/a directory of 1 members that ends at/);
  const elsewhere = whole.slice();
  elsewhere[0] = 0;
  expect(() => zipMembers(elsewhere, { damaged })[0]!.stored()).toThrow(/no member at the place of a.txt/);
});
