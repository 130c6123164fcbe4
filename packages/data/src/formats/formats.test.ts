import { readFileSync } from "node:fs";
import { DataError, hostTensor, OptionError } from "@dl/core";
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { CsvParser, parseCsv, parseCsvRecords } from "./csv.ts";
import { parseJsonl } from "./jsonl.ts";
import { decodeLz4Block } from "./lz4-block.ts";
import { encodeNpz, parseNpz } from "./npz.ts";
import { encodeNpy, numpyTensor, parseNpy } from "./numpy-array.ts";
import { type ParquetRow, parquetBytes, parquetRows } from "./parquet.ts";
import { parquetFileOf } from "./parquet-fixture.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));
const text = (name: string): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(fixture(name));
const table = JSON.parse(text("table.json")) as { columns: string[]; rows: Record<string, unknown>[] };

describe("CSV", () => {
  test.each([
    ["table.csv", {}],
    ["table_bom_crlf.csv", {}],
    ["table_semicolon.csv", { delimiter: ";" }],
    ["table.tsv", { delimiter: "\t" }],
  ])("%s reads as pandas wrote it", (name, options) => {
    const types = { id: "number", x: "number", i: "number", flag: "boolean" } as const;
    const rows = parseCsvRecords(text(name), { ...options, types });
    // A cell of CRLF text keeps the file's own ends of lines.
    expect(rows.map((row) => ({ ...row, text: String(row.text).replace("\r\n", "\n") }))).toEqual(table.rows);
    expect(Object.keys(rows[0]!)).toEqual(table.columns);
  });

  test("cells read as Python's csv reads them", () => {
    expect(parseCsv(text("raw_cells.csv"))).toEqual(JSON.parse(text("raw_cells.json")));
  });

  test("cut anywhere, the rows are the same; what was written is read", () => {
    const cell = fc.stringMatching(/^[a,"\n\r é]{0,5}$/);
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { maxLength: 5 }), fc.nat(), (rows, cut) => {
        const written = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(",")).join("\r\n");
        const at = cut % (written.length + 1);
        const parser = new CsvParser();
        expect([...parser.push(written.slice(0, at)), ...parser.push(written.slice(at)), ...parser.end()]).toEqual(rows);
      }),
    );
  });

  test("a text without a header has the columns it is given; what counts as missing can be said", () => {
    const types = { a: "number", c: "boolean" } as const;
    const options = { header: false, columns: ["a", "b", "c"], types };
    expect(parseCsvRecords("\ufeff1,x,true\n,,\n", options)).toEqual([
      { a: 1, b: "x", c: true },
      { a: null, b: "", c: null },
    ]);
    expect(parseCsvRecords("a,b,c\nNA,NA, -\n,,0\n", { types, missing: ["", "NA", "-"] })).toEqual([
      { a: null, b: "NA", c: null },
      { a: null, b: "", c: false },
    ]);
    expect(() => parseCsvRecords("a\nNA", { types: { a: "number" } })).toThrow(/got "NA" in row 1.* name it in missing/);
    expect(() => parseCsvRecords("a,b\n,1", { types: { a: "number" }, missing: ["NA"] })).toThrow(/a number in column a of csv, got ""/);
    expect(() => parseCsvRecords("1,2", options)).toThrow(/3 cells in every row of csv, as columns has, got 2 in row 1/);
    expect(() => parseCsvRecords("1", { header: false })).toThrow(/Pass columns/);
    expect(() => parseCsvRecords("1", { columns: ["a"] })).toThrow(/Pass header: false too/);
    expect(() => parseCsvRecords("1,2", { header: false, columns: ["a", "a"] })).toThrow(/different names in columns for csv/);
    expect(() => parseCsvRecords("1,2,3", { ...options, types: { d: "number" } })).toThrow(/a column d in csv, got a, b, c/);
  });

  test("what is not CSV says where", () => {
    expect(() => parseCsv('a\n"b')).toThrow(/closing quote in csv, got its end in line 2/);
    expect(() => parseCsv('a\n"b"c')).toThrow(/after a closing quote in csv, got "c" in line 2/);
    expect(() => parseCsvRecords("a,b\n1", { name: "x.csv" })).toThrow(/2 cells in every row of x.csv, as its header has, got 1 in row 1/);
    expect(() => parseCsvRecords("a\nx", { types: { a: "number" } })).toThrow(/a number in column a of csv, got "x" in row 1/);
    expect(() => parseCsvRecords("a\n1", { types: { b: "number" } })).toThrow(/a column b/);
    expect(() => parseCsvRecords("a,a\n1,2")).toThrow(/different names/);
    expect(() => parseCsv("", { delimiter: ",," })).toThrow(OptionError);
  });
});

test("JSON Lines: empty lines are passed over, a bad one is named", () => {
  expect(parseJsonl('\ufeff{"a": 1}\r\n\n[2]\n"é"')).toEqual([{ a: 1 }, [2], "é"]);
  expect(() => parseJsonl("1\n{", { name: "x.jsonl" })).toThrow(/JSON in line 2 of x.jsonl/);
});

describe("npz", () => {
  const reference = JSON.parse(text("arrays.json")) as Record<
    string,
    { shape: number[]; dtype: string; data: (number | string | boolean)[] }
  >;

  test.each(["arrays.npz", "arrays_compressed.npz"])("%s reads as NumPy wrote it: every type, order and byte order", (name) => {
    const arrays = parseNpz(fixture(name));
    expect(Object.keys(arrays).toSorted()).toEqual(Object.keys(reference).toSorted());
    for (const [key, { shape, dtype, data }] of Object.entries(reference)) {
      expect(arrays[key]!.shape).toEqual(shape);
      expect(arrays[key]!.type).toBe(dtype);
      const narrow = dtype === "float32" ? Math.fround : (value: number) => value;
      expect(Array.from(arrays[key]!.data)).toEqual(data.map((value) => narrow(Number(value))));
    }
  });

  test("single.npy reads too, and a tensor written is read back", () => {
    expect(Array.from(parseNpy(fixture("single.npy")).data)).toEqual(reference.f32!.data.map((value) => Math.fround(Number(value))));
    const tensors = {
      images: hostTensor(Float32Array.of(1.5, -2, Number.NaN, 4, 5, 6), [2, 3]),
      labels: hostTensor(Int32Array.of(-7, 8), [2]),
      mask: hostTensor(Uint8Array.of(1, 0), [2]),
      wide: hostTensor(Float64Array.of(Math.PI), []),
      none: hostTensor(new Float32Array(0), [0, 4]),
    };
    for (const compress of [false, true]) {
      const read = parseNpz(encodeNpz(tensors, { compress }));
      for (const [key, tensor] of Object.entries(tensors)) expect(numpyTensor(read[key]!)).toEqual(tensor);
    }
    expect(encodeNpz(tensors)).toEqual(encodeNpz(tensors));
    expect(encodeNpy(tensors.labels).length % 64).toBe(8);
  });

  test("whole numbers that int32 cannot hold are refused by numpyTensor, not bent", () => {
    expect(() => numpyTensor({ type: "int64", shape: [1], data: Float64Array.of(2 ** 31) })).toThrow(/fit int32, got 2147483648 at 0/);
  });

  test("a damaged archive, or one of other things, is a DataError", () => {
    const whole = fixture("arrays_compressed.npz");
    const stored = fixture("arrays.npz");
    expect(() => parseNpz(whole.subarray(0, whole.length - 10))).toThrow(DataError);
    expect(() => parseNpz(zipSync({ "a.txt": new Uint8Array(3) }))).toThrow(/only .npy files/);
    expect(() => parseNpy(fixture("single.npy").subarray(0, 150), { name: "x" })).toThrow(/expected x to have .* bytes .*got 150/);
    const intact = Object.values(parseNpz(stored));
    fc.assert(
      fc.property(fc.constantFrom(whole, stored), fc.nat(), fc.integer({ min: 1, max: 255 }), (file, place, change) => {
        const bent = file.slice();
        bent[place % file.length]! ^= change;
        try {
          // Dates, attributes and names have no checksum; numbers are the promised ones or none.
          expect(Object.values(parseNpz(bent))).toEqual(intact);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
    );
  });
});

describe("LZ4 blocks", () => {
  test("by hand: three letters, and eight more copied from three before, which overlaps itself", () => {
    const block = Uint8Array.of(0x34, 97, 98, 99, 3, 0, 0x10, 33); // 3 literals, distance 3, 4 + 4 copied; 1 literal
    expect(new TextDecoder().decode(decodeLz4Block(block, 12))).toBe("abcabcabcab!");
    const long = Uint8Array.of(0xf0, 255, 0, ...new Array(270).fill(7)); // 15 + 255 + 0 literals
    expect(decodeLz4Block(long, 270)).toEqual(new Uint8Array(270).fill(7));
  });

  test("a damaged block is a DataError, whatever the damage", () => {
    const block = Uint8Array.of(0x34, 97, 98, 99, 3, 0, 0x10, 33);
    expect(() => decodeLz4Block(block, 11)).toThrow(DataError);
    expect(() => decodeLz4Block(block.subarray(0, 5), 12)).toThrow(/got its end at byte 4/);
    expect(() => decodeLz4Block(Uint8Array.of(0x14, 97, 2, 0), 9)).toThrow(/a copy from outside/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(40), (bytes, length) => {
        try {
          expect(decodeLz4Block(bytes, length).length).toBe(length);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
    );
  });
});

describe("Parquet", () => {
  const collect = async (bytes: Uint8Array, columns?: string[]): Promise<unknown[]> => {
    const rows: unknown[] = [];
    for await (const row of parquetRows(parquetBytes(bytes, "table"), { columns })) rows.push(row);
    return rows;
  };

  test.each(["table.parquet", "table_plain.parquet", "table_lz4.parquet"])(
    "%s reads as pyarrow wrote it, nulls and text included",
    async (name) => {
      expect(await collect(fixture(name))).toEqual(table.rows);
      expect(await collect(fixture(name), ["text"])).toEqual(table.rows.map((row) => ({ text: row.text })));
    },
  );

  test("bytes are bytes, text is text, and whole numbers are numbers at any depth", async () => {
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0);
    const rows = (await collect(fixture("nested.parquet"))) as ParquetRow[];
    expect(rows).toEqual([
      {
        blob: jpeg,
        fixed: Uint8Array.of(0, 255),
        image: { bytes: jpeg, path: "a.jpg" },
        ids: [1, 2 ** 53 - 1, 2n ** 53n], // the last is one that a number could not tell from its neighbour
        deep: [[1], [null, -2]],
        events: [{ at: new Date("2024-02-29T12:00:00Z"), n: 7 }],
        counts: { a: 1, b: null },
        kind: "x",
      },
      {
        blob: null,
        fixed: Uint8Array.of(128, 129),
        image: { bytes: null, path: "é" },
        ids: [],
        deep: null,
        events: [],
        counts: {},
        kind: null,
      },
      {
        blob: new Uint8Array(0),
        fixed: null,
        image: null,
        ids: null,
        deep: [[]],
        events: [{ at: null, n: null }],
        counts: null,
        kind: "y",
      },
    ]);
    // A view would take the whole page along to a worker.
    expect((rows[0]!.blob as Uint8Array).buffer.byteLength).toBe(4);
  });

  test("a codec that is not read is named, with those that are", async () => {
    await expect(collect(fixture("brotli.parquet"))).rejects.toThrow(
      /table to be compressed with one of UNCOMPRESSED, SNAPPY, GZIP, ZSTD, LZ4_RAW, got BROTLI/,
    );
  });

  test("several groups of rows, an empty one among them, are one stream; it goes on from any place and reads no group before it", async () => {
    const groups = [[0, 1, 2], [3], [], [4, 5, 6, 7]];
    const bytes = parquetFileOf(groups);
    const read: number[] = [];
    const source = {
      ...parquetBytes(bytes, "groups"),
      slice: async (start: number, end?: number) => {
        read.push(start);
        return bytes.slice(start, end).buffer;
      },
    };
    const stream = parquetRows(source);
    const whole = groups.flat().map((x) => ({ x }));
    const cursor = stream.open();
    for (let taken = 0; taken <= whole.length; taken++) {
      const rest: unknown[] = [];
      const resumed = stream.open(JSON.parse(JSON.stringify(cursor.state())));
      read.length = 0;
      for (let step = await resumed.next(); !step.done; step = await resumed.next()) rest.push(step.value);
      expect(rest).toEqual(whole.slice(taken));
      // The metadata first, then each group that has rows left, once, in their order.
      const starts = read.slice(1);
      expect(starts).toHaveLength(groups.filter((rows) => rows.some((x) => x >= taken)).length);
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      await cursor.next();
    }
    expect(await collect(parquetFileOf([[], []]))).toEqual([]);
  });

  test("it goes on from a place, and what is no Parquet file says so", async () => {
    const stream = parquetRows(parquetBytes(fixture("table.parquet")));
    const cursor = stream.open();
    await cursor.next();
    await cursor.next();
    expect((await stream.open(cursor.state()).next()).value).toEqual(table.rows[2]);
    await expect(collect(fixture("table.parquet").subarray(0, 500))).rejects.toThrow(/table to be a whole Parquet file/);
    await expect(collect(fixture("table.csv"))).rejects.toThrow(DataError);
    await expect(collect(fixture("table.parquet"), ["none"])).rejects.toThrow(OptionError);
  });
});
