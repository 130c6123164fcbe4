import { readFileSync } from "node:fs";
import { CheckpointError, hostTensor } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromStored, storedElements, toStored } from "./convert.ts";
import { readSafetensors, readTensors, writeSafetensors } from "./safetensors.ts";
import type { StoredDType } from "./stored-tensor.ts";

const fixtures = new URL("../../fixtures/files/", import.meta.url);
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, fixtures)));

/** A file around a header given as text, with its true length unless told otherwise. */
function fileOf(header: string | Uint8Array, { data = 0, length }: { data?: number; length?: bigint } = {}): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (dtype: string, shape: string, offsets: string): string => `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

describe("reading what Python wrote", () => {
  const expected = JSON.parse(readFileSync(new URL("all_dtypes.json", fixtures), "utf8")) as {
    metadata: Record<string, string>;
    tensors: Record<string, { shape: number[]; data: (number | string | boolean)[] }>;
  };
  const file = readSafetensors(fixture("all_dtypes.safetensors"), { file: "all_dtypes.safetensors" });

  test("metadata comes through, accents and quotes too", () => {
    expect(Object.fromEntries(file.metadata)).toEqual(expected.metadata);
  });

  test.each(Object.keys(expected.tensors))("%s: shape and every element", (name) => {
    const tensor = file.tensors.get(name)!;
    const wanted = expected.tensors[name]!;
    expect(tensor.shape).toEqual(wanted.shape);
    const got = Array.from(storedElements(tensor) as Iterable<number | bigint>, Number);
    // The JSON gives 8 significant digits of each float32: the nearest float32 is the element itself.
    const rounded = tensor.dtype.includes("F") && tensor.dtype !== "F64" ? Math.fround : (value: number) => value;
    expect(got).toEqual(wanted.data.map((value) => rounded(Number(value))));
  });

  test("the file written again from its tensors reads the same, byte for byte of each tensor", () => {
    const again = readSafetensors(writeSafetensors(file.tensors, { metadata: file.metadata }));
    expect(again.metadata).toEqual(file.metadata);
    expect([...again.tensors.keys()].sort()).toEqual([...file.tensors.keys()].sort());
    for (const [name, tensor] of file.tensors) {
      expect(again.tensors.get(name)!.dtype).toBe(tensor.dtype);
      expect(Buffer.compare(again.tensors.get(name)!.bytes, tensor.bytes)).toBe(0);
    }
  });

  test.each(["bad_json", "header_too_long", "tiny", "trailing", "truncated"])("%s is refused with its name", (name) => {
    const read = (): unknown => readSafetensors(fixture(`bad/${name}.safetensors`), { file: `${name}.safetensors` });
    expect(read).toThrow(CheckpointError);
    expect(read).toThrow(new RegExp(`^${name}.safetensors: `));
  });
});

describe("the layout the reference library writes", () => {
  test("one float, worked by hand: length, JSON padded to eight bytes, data", () => {
    const bytes = writeSafetensors(new Map([["w", hostTensor(Float32Array.of(1), [1])]]));
    const header = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'; // 54 characters, padded to 56
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(56n);
    expect(new TextDecoder().decode(bytes.subarray(8, 64))).toBe(`${header}  `);
    expect([...bytes.subarray(64)]).toEqual([0, 0, 0x80, 0x3f]);
  });

  test("wide dtypes come first, then names in order, so that every tensor is aligned", () => {
    const tensors = new Map([
      ["b", hostTensor(Uint8Array.of(1, 0, 1), [3])],
      ["z", hostTensor(Float64Array.of(1), [1])],
      ["c", hostTensor(Float32Array.of(1, 2), [2])],
      ["a", hostTensor(Float32Array.of(3), [1])],
    ]);
    expect([...readSafetensors(writeSafetensors(tensors)).tensors.keys()]).toEqual(["z", "a", "c", "b"]);
  });

  test("the order of the map does not show in the bytes", () => {
    const a = hostTensor(Float32Array.of(1), [1]);
    const b = hostTensor(Int32Array.of(2), [1]);
    const forth = writeSafetensors(
      new Map([
        ["a", a],
        ["b", b],
      ]),
      { metadata: { x: "1", y: "2" } },
    );
    const back = writeSafetensors(
      new Map([
        ["b", b],
        ["a", a],
      ]),
      { metadata: { y: "2", x: "1" } },
    );
    expect(forth).toEqual(back);
  });

  test("law: what is written is read back, whatever the names, shapes and values", () => {
    const name = fc.string({ minLength: 1 }).filter((text) => text !== "__metadata__" && !/__proto__|constructor|prototype/.test(text));
    const tensor = fc.oneof(
      fc.float32Array().map((data) => hostTensor(data, [data.length])),
      fc.int32Array({ maxLength: 6 }).map((data) => hostTensor(data, [1, data.length, 1])),
      fc.float64Array({ minLength: 1, maxLength: 1 }).map((data) => hostTensor(data, [])),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, tensor)), (pairs) => {
        const tensors = new Map(pairs);
        expect(new Map([...readTensors(writeSafetensors(tensors))].sort())).toEqual(new Map([...tensors].sort()));
      }),
    );
  });

  test("tensors can be read from bytes at any alignment", () => {
    const bytes = writeSafetensors(new Map([["w", hostTensor(Float32Array.of(1.5, -2), [2])]]));
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect([...readTensors(shifted.subarray(1)).get("w")!.data]).toEqual([1.5, -2]);
  });

  test("float32 goes out as F16 or BF16 on request, and comes back as float32", () => {
    const tensors = new Map([["w", hostTensor(Float32Array.of(1.5, 1 / 3), [2])]]);
    for (const [floats, third] of [
      ["F16", 0.333251953125],
      ["BF16", 0.333984375],
    ] as const) {
      const file = readSafetensors(writeSafetensors(tensors, { floats }));
      expect(file.tensors.get("w")!.dtype).toBe(floats);
      expect([...fromStored(file.tensors.get("w")!).data]).toEqual([1.5, third]);
    }
  });
});

describe("hostile headers", () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["no bytes at all", new Uint8Array(0), /at least 8 bytes, got 0/],
    ["a header longer than the file", fileOf("{}", { length: 1000n }), /fits the file's 10 bytes/],
    ["a header over 100 MB", fileOf("{}", { length: 100_000_001n }), /at most 100000000 bytes, got 100000001/],
    ["a header of 2⁶⁴ − 1 bytes", fileOf("{}", { length: 2n ** 64n - 1n }), /at most 100000000 bytes/],
    ["an empty header", fileOf(""), /opens with "\{"/],
    ["JSON that is no object", fileOf("[]"), /opens with "\{"/],
    ["JSON that stops", fileOf('{"w":'), /not valid JSON: expected a value at character 5, got the end/],
    ["a string that stops", fileOf('{"w'), /not valid JSON/],
    ["something after the JSON", fileOf("{}x"), /nothing more at character 2/],
    ["bytes that are not UTF-8", fileOf(Uint8Array.of(0x7b, 0xff, 0x7d)), /UTF-8/],
    ["deep nesting", fileOf(`{"w":${"[".repeat(50_000)}`), /levels of nesting/],
    ["a name twice", fileOf(`{"w":${entry("U8", "[1]", "[0,1]")},"w":${entry("U8", "[1]", "[0,1]")}}`, { data: 1 }), /"w" twice/],
    ["a name twice, once escaped", fileOf(`{"w":${entry("U8", "[1]", "[0,1]")},"\\u0077":1}`, { data: 1 }), /"w" twice/],
    ["a key twice in a tensor", fileOf('{"w":{"dtype":"U8","dtype":"I8"}}'), /"dtype" twice/],
    [
      "__proto__ as a tensor",
      fileOf(`{"__proto__":${entry("U8", "[1]", "[0,1]")}}`, { data: 1 }),
      /names a program can hold, got "__proto__"/,
    ],
    ["__proto__ inside a path", fileOf(`{"a.__proto__.b":${entry("U8", "[1]", "[0,1]")}}`, { data: 1 }), /a\.__proto__\.b/],
    ["__proto__ as metadata", fileOf('{"__metadata__":{"__proto__":"x"}}'), /__proto__/],
    ["metadata that is no text", fileOf('{"__metadata__":{"a":1}}'), /string for metadata "a", got 1/],
    ["metadata that is no object", fileOf('{"__metadata__":"a"}'), /__metadata__/],
    ["a tensor that is no object", fileOf('{"w":7}'), /tensor "w": expected an object, got 7/],
    ["an unknown dtype", fileOf(`{"w":${entry("F4", "[1]", "[0,1]")}}`, { data: 1 }), /tensor "w": expected a dtype of .* got "F4"/],
    ["a dtype of the prototype", fileOf(`{"w":${entry("toString", "[1]", "[0,1]")}}`, { data: 1 }), /tensor "w": expected a dtype/],
    ["no shape", fileOf('{"w":{"dtype":"U8","data_offsets":[0,1]}}', { data: 1 }), /tensor "w": expected a shape .* got nothing/],
    ["a negative size", fileOf(`{"w":${entry("U8", "[-1]", "[0,1]")}}`, { data: 1 }), /tensor "w": expected a shape .* got \[-1\]/],
    ["a fractional size", fileOf(`{"w":${entry("U8", "[0.5]", "[0,1]")}}`, { data: 1 }), /got \[0\.5\]/],
    ["a size past 2⁵³", fileOf(`{"w":${entry("U8", "[9007199254740993]", "[0,1]")}}`, { data: 1 }), /tensor "w"/],
    ["a size of 1e999", fileOf(`{"w":${entry("U8", "[1e999]", "[0,1]")}}`, { data: 1 }), /tensor "w"/],
    [
      "a product that wraps at 2⁶⁴",
      fileOf(`{"w":${entry("U8", "[4294967296,4294967296]", "[0,0]")}}`),
      /tensor "w": expected 18446744073709552000 bytes/,
    ],
    ["a size as text", fileOf(`{"w":${entry("U8", '["1"]', "[0,1]")}}`, { data: 1 }), /tensor "w": expected a shape/],
    ["one offset", fileOf(`{"w":${entry("U8", "[1]", "[0]")}}`, { data: 1 }), /data_offsets/],
    ["offsets backwards", fileOf(`{"w":${entry("U8", "[1]", "[1,0]")}}`, { data: 1 }), /data_offsets/],
    ["negative offsets", fileOf(`{"w":${entry("U8", "[1]", "[-1,0]")}}`, { data: 1 }), /data_offsets/],
    ["fewer bytes than the shape", fileOf(`{"w":${entry("F32", "[2]", "[0,4]")}}`, { data: 4 }), /expected 8 bytes for F32 \[2\], got 4/],
    ["data past the end", fileOf(`{"w":${entry("U8", "[9]", "[0,9]")}}`, { data: 8 }), /tensor "w": expected data up to byte .* ends at/],
    [
      "a gap",
      fileOf(`{"a":${entry("U8", "[1]", "[0,1]")},"b":${entry("U8", "[1]", "[2,3]")}}`, { data: 3 }),
      /tensor "b": .* leaves a gap/,
    ],
    [
      "an overlap",
      fileOf(`{"a":${entry("U8", "[2]", "[0,2]")},"b":${entry("U8", "[2]", "[1,3]")}}`, { data: 3 }),
      /tensor "b": .* overlaps/,
    ],
    ["a first tensor that starts late", fileOf(`{"w":${entry("U8", "[1]", "[1,2]")}}`, { data: 2 }), /tensor "w": .* leaves a gap/],
    ["bytes after the last tensor", fileOf(`{"w":${entry("U8", "[1]", "[0,1]")}}`, { data: 4 }), /3 bytes trail/],
    ["data without tensors", fileOf("{}", { data: 4 }), /4 bytes trail/],
  ];

  test.each(cases)("%s", (_, bytes, message) => {
    const read = (): unknown => readSafetensors(bytes, { file: "model.safetensors" });
    expect(read).toThrow(CheckpointError);
    expect(read).toThrow(/^model\.safetensors: /);
    expect(read).toThrow(message);
  });

  test("law: random damage to a good file gives a tensor map or a CheckpointError, never another error", () => {
    const good = fixture("all_dtypes.safetensors");
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 1100 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = good.slice();
        for (const [at, value] of changes) bytes[at] = value;
        try {
          readTensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("dtypes of files as dtypes of tensors", () => {
  test.each([
    ["I64", new BigInt64Array([-5n, 2n ** 31n - 1n]), [-5, 2 ** 31 - 1]],
    ["U8", Uint8Array.of(0, 255), [0, 255]],
    ["U16", Uint16Array.of(0, 65_535), [0, 65_535]],
    ["I16", Int16Array.of(-32_768, 1), [-32_768, 1]],
    ["I8", Int8Array.of(-128, 127), [-128, 127]],
  ] as [StoredDType, ArrayBufferView, number[]][])("%s becomes int32", (dtype, data, values) => {
    const tensor = fromStored({ dtype, shape: [2], bytes: new Uint8Array(data.buffer) });
    expect(tensor.dtype).toBe("int32");
    expect([...tensor.data]).toEqual(values);
  });

  test("an integer that does not fit is refused, by name", () => {
    const bytes = new Uint8Array(new BigInt64Array([2n ** 31n]).buffer);
    expect(() => fromStored({ dtype: "I64", shape: [1], bytes }, { name: 'a.safetensors: tensor "ids"' })).toThrow(
      /^a\.safetensors: tensor "ids": expected I64 elements that fit int32, got 2147483648 at 0/,
    );
  });

  test("a BOOL byte of 2 is damage", () => {
    expect(() => fromStored({ dtype: "BOOL", shape: [1], bytes: Uint8Array.of(2) })).toThrow(CheckpointError);
  });

  test("a stored tensor with too few bytes cannot be written", () => {
    const tensor = { ...toStored(hostTensor(Float32Array.of(1), [1])), shape: [2] };
    expect(() => writeSafetensors(new Map([["w", tensor]]))).toThrow(/tensor "w": expected 8 bytes/);
  });

  test("nor can what no reader takes: names that lead astray, and metadata that is no text", () => {
    const one = hostTensor(Float32Array.of(1), [1]);
    for (const name of ["__metadata__", "__proto__", "net.constructor.weight"]) {
      expect(() => writeSafetensors(new Map([[name, one]]))).toThrow(/expected a tensor name other than/);
    }
    for (const value of [3, undefined, null]) {
      expect(() => writeSafetensors(new Map(), { metadata: { epoch: value as never } })).toThrow(
        /expected metadata of text by name, got "epoch"/,
      );
    }
  });

  test("a stored tensor with too few bytes is no tensor", () => {
    expect(() => fromStored({ dtype: "F32", shape: [2], bytes: new Uint8Array(7) }, { name: "w" })).toThrow(
      /^w: expected 8 bytes for F32 \[2\], got 7/,
    );
  });
});
