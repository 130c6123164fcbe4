import { readFileSync } from "node:fs";
import { DataError } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIdx } from "./idx.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/${name}`, import.meta.url)));
const reference = JSON.parse(new TextDecoder().decode(fixture("idx.json")));

/** The bytes of an IDX file, written by hand. */
function idx(code: number, sizes: readonly number[], body: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  header.setUint8(2, code);
  header.setUint8(3, sizes.length);
  for (const [axis, size] of sizes.entries()) header.setUint32(4 + 4 * axis, size);
  return Uint8Array.of(...new Uint8Array(header.buffer), ...body);
}

describe("parseIdx", () => {
  test.each([
    ["images-idx3-ubyte", "images", "uint8"],
    ["labels-idx1-ubyte", "labels", "uint8"],
    ["float-idx2", "floats", "float32"],
  ])("%s reads as numpy wrote it", (file, key, type) => {
    const array = parseIdx(fixture(file));
    expect(array.type).toBe(type);
    expect(array.shape).toEqual(reference[key].shape);
    expect(Array.from(array.data)).toEqual(reference[key].data.map((value: number) => (type === "float32" ? Math.fround(value) : value)));
  });

  test("signed types are big-endian and keep their sign", () => {
    expect(parseIdx(idx(9, [2], Uint8Array.of(0xff, 2)))).toEqual({ type: "int8", shape: [2], data: Int32Array.of(-1, 2) });
    expect(parseIdx(idx(11, [1], Uint8Array.of(0xff, 0xfe))).data).toEqual(Int32Array.of(-2));
    expect(parseIdx(idx(12, [1], Uint8Array.of(0, 0, 1, 0))).data).toEqual(Int32Array.of(256));
    expect(parseIdx(idx(14, [1], Uint8Array.of(0x3f, 0xf0, 0, 0, 0, 0, 0, 0))).data).toEqual(Float64Array.of(1));
  });

  test("a file that is cut off, too long or promises more than it has is refused before anything is allocated", () => {
    const whole = fixture("images-idx3-ubyte");
    expect(() => parseIdx(whole.subarray(0, 50), { name: "digits" })).toThrow(/expected digits to have 96 bytes .*got 50/);
    expect(() => parseIdx(Uint8Array.of(...whole, 0))).toThrow(DataError);
    expect(() => parseIdx(idx(14, [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], new Uint8Array(8)))).toThrow(DataError);
    expect(() => parseIdx(whole.subarray(0, 6))).toThrow(/16 bytes/);
  });

  test("a compressed file says that it is one", () => {
    expect(() => parseIdx(fixture("images-idx3-ubyte.gz"))).toThrow(/gzip: decompress it first/);
  });

  test("no bytes crash it: it reads them or throws a DataError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, plausible) => {
        if (plausible && bytes.length > 3) bytes.set([0, 0, 8 + (bytes[2]! % 8), bytes[3]! % 4]);
        try {
          parseIdx(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
    );
  });
});
