import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { DataError, hostTensor, OptionError, Rng } from "@dl/core";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { batches } from "../batches.ts";
import type { Example } from "../dataset.ts";
import { parseCsvRecords } from "../formats/csv.ts";
import type { DataStream } from "../streams/data-stream.ts";
import { parquetFile } from "./parquet-file.ts";
import { type ShardSample, tarShards, writeTarShards } from "./tar-shards.ts";
import { csvFile, jsonlFile, textLines } from "./text-files.ts";
import { writeJsonl } from "./write-lines.ts";

const folder = mkdtempSync(join(tmpdir(), "dl-files-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const table = JSON.parse(readFileSync(fixture("table.json"), "utf8")) as { rows: Record<string, unknown>[] };

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const element of stream) all.push(element);
  return all;
}

/** What is left of `stream` after each of its elements, opened anew from the place there. */
async function expectResumable(stream: DataStream<unknown>): Promise<void> {
  const whole = await collect(stream);
  const cursor = stream.open();
  for (let taken = 0; taken <= whole.length; taken++) {
    const resumed = stream.open(JSON.parse(JSON.stringify(cursor.state())));
    const rest: unknown[] = [];
    for (let step = await resumed.next(); !step.done; step = await resumed.next()) rest.push(step.value);
    expect(rest).toEqual(whole.slice(taken));
    await cursor.next();
  }
  await cursor.close();
}

describe("text files", () => {
  test("lines: of any length and any end, compressed or not, from any place", async () => {
    const lines = ["\ufefffirst", "", "é日本🙂", "x".repeat(200_000), "last"];
    writeFileSync(join(folder, "a.txt"), lines.join("\n"));
    writeFileSync(join(folder, "a.txt.gz"), gzipSync(`${lines.join("\r\n")}\r\n`));
    for (const name of ["a.txt", "a.txt.gz"]) {
      expect(await collect(textLines(join(folder, name)))).toEqual(["first", ...lines.slice(1)]);
      await expectResumable(textLines(join(folder, name)));
    }
  });

  test.each([
    ["table.csv", ","],
    ["table_bom_crlf.csv", ","],
    ["table_semicolon.csv", ";"],
    ["table.tsv", "\t"],
  ])("%s row by row, from any place", async (name, delimiter) => {
    const types = { id: "number", x: "number", i: "number", flag: "boolean" } as const;
    const rows = await collect(csvFile(fixture(name), { delimiter, types }));
    expect(rows.map((row) => ({ ...row, text: String(row.text).replace("\r\n", "\n") }))).toEqual(table.rows);
    await expectResumable(csvFile(fixture(name), { delimiter, types }));
  });

  test("CSV from a file is CSV from text, whatever the quotes, blank lines and ends of lines; from any place", async () => {
    const path = join(folder, "any.csv");
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^(?:[a,"\n\ufeff]|\r\n){0,20}$/), async (rest) => {
        const text = `n,s\n${rest}`;
        writeFileSync(path, text);
        let expected: unknown[];
        try {
          expected = parseCsvRecords(text, { name: path });
        } catch {
          await expect(collect(csvFile(path))).rejects.toThrow(DataError);
          return;
        }
        expect(await collect(csvFile(path))).toEqual(expected);
        await expectResumable(csvFile(path));
      }),
      { numRuns: 60, examples: [['1,5""\n2,6\n'], ['"a\n",a\n"a"a'], ['\n\n1,2\n"\n'], ["\ufeffa,a\n"]] },
    );
  });

  test("a CSV file whose header comes late or spreads over lines has it; without one nothing follows", async () => {
    const path = join(folder, "late.csv");
    for (const text of ['\n\r\nn,"s\n"\n1,2\n3,4\n', '\ufeff"n","s\n"\n1,2\n3,4']) {
      writeFileSync(path, text);
      expect(await collect(csvFile(path))).toEqual([
        { n: "1", "s\n": "2" },
        { n: "3", "s\n": "4" },
      ]);
      await expectResumable(csvFile(path));
    }
    for (const text of ["\n\n", '"a"b\n1\n', "a,a\n1,2\n"]) {
      writeFileSync(path, text);
      const cursor = csvFile(path).open();
      await expect(cursor.next()).rejects.toThrow(DataError);
      expect(
        await csvFile(path)
          .open(JSON.parse(JSON.stringify(cursor.state())))
          .next(),
      ).toEqual({ done: true, value: undefined });
      expect(await cursor.next()).toEqual({ done: true, value: undefined });
    }
  });

  test("bytes that are not UTF-8 are told of by line and byte, one record each, and those behind follow; from any place", async () => {
    const path = join(folder, "bytes");
    // Latin é, a surrogate of its own, a longer form of "/", a letter cut off by the line's end.
    for (const bad of [[0xe9], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xc3]]) {
      writeFileSync(path, Buffer.concat([Buffer.from('[1]\n[2, "'), Buffer.from(bad), Buffer.from('"]\n["é\ufffd"]\n')]));
      for (const stream of [textLines(path), jsonlFile(path)] as DataStream<unknown>[]) {
        for (const fresh of [true, false]) {
          let cursor = stream.open();
          await cursor.next();
          if (!fresh) cursor = stream.open(JSON.parse(JSON.stringify(cursor.state())));
          await expect(cursor.next()).rejects.toThrow(
            /bytes to be UTF-8, got other bytes in line 2, which begins at byte 4\. Pass .*encoding/,
          );
          expect(JSON.stringify((await cursor.next()).value)).toContain("é\ufffd");
          expect(await cursor.next()).toEqual({ done: true, value: undefined });
        }
      }
    }
    expect(await collect(jsonlFile(path, { encoding: "windows-1252" }))).toEqual([[1], [2, "Ã"], ["Ã©ï¿½"]]);
    writeFileSync(path, Buffer.concat([Buffer.from('a,b\n"x\n'), Buffer.from([0xe9]), Buffer.from('",1\ny,2\n')]));
    const cursor = csvFile(path).open();
    await expect(cursor.next()).rejects.toThrow(DataError);
    await expect(cursor.next()).resolves.toEqual({ done: false, value: { a: "y", b: "2" } });
    writeFileSync(path, Buffer.from([0x61, 0xe9, 0x2c, 0x62, 10, 49, 0x2c, 50]));
    await expect(collect(csvFile(path))).rejects.toThrow(/line 1, which begins at byte 0/);
  });

  test("files of other encodings read as the same text in UTF-8, compressed or not, from any place", async () => {
    const text = '\ufeffn,s\n1,"é\n日本🙂|"\n2,ÿ\n';
    const utf16 = Buffer.from(text, "utf16le");
    const rows = [
      { n: 1, s: "é\n日本🙂|" },
      { n: 2, s: "ÿ" },
    ];
    const files: [string, string, Buffer][] = [
      ["utf-16le", "a.csv", utf16],
      ["utf-16be", "b.csv", Buffer.from(utf16).swap16()],
      ["UTF-16", "c.csv.gz", gzipSync(utf16)],
      ["UTF8", "d.csv", Buffer.from(text)],
    ];
    for (const [encoding, name, bytes] of files) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      const stream = csvFile(path, { encoding, types: { n: "number" } });
      expect(await collect(stream)).toEqual(rows);
      await expectResumable(stream);
    }
    const path = join(folder, "latin.txt");
    writeFileSync(path, Buffer.from("é\r\n€ü", "latin1").fill(0x80, 3, 4));
    expect(await collect(textLines(path, { encoding: "latin1" }))).toEqual(["é", "€ü"]);
    await expectResumable(textLines(path, { encoding: "latin1" }));
    // In Shift JIS, 能 ends in the byte of a "\\" and ポ in that of a "|": neither is one.
    writeFileSync(path, Buffer.from([0x94, 0x5c, 0x2c, 0x83, 0x7c, 0x2c, 0x78]));
    expect(await collect(textLines(path, { encoding: "shift_jis" }))).toEqual(["能,ポ,x"]);
    writeFileSync(path, Buffer.concat([Buffer.alloc(300, 0x61), Buffer.from([0x83])]));
    await expect(collect(textLines(path, { encoding: "shift_jis" }))).rejects.toThrow(
      /latin.txt to be shift_jis, got other bytes before byte 301/,
    );
    expect(() => jsonlFile(path, { encoding: "utf-9" })).toThrow(/an encoding that TextDecoder knows, .* got "utf-9"/);
  });

  test("a CSV file without a header, from any place", async () => {
    const path = join(folder, "bare.csv");
    writeFileSync(path, '\n1,a\n?,"b\n"\n3,c');
    const stream = csvFile(path, { header: false, columns: ["n", "s"], types: { n: "number" }, missing: ["?"] });
    expect(await collect(stream)).toEqual([
      { n: 1, s: "a" },
      { n: null, s: "b\n" },
      { n: 3, s: "c" },
    ]);
    await expectResumable(stream);
    expect(() => csvFile(path, { header: false })).toThrow(OptionError);
    writeFileSync(path, "");
    expect(await collect(stream)).toEqual([]);
  });

  test("what is wrong in a CSV file is told by its line, after a resume too", async () => {
    const path = join(folder, "wrong.csv");
    writeFileSync(path, 'n,s\n1,"\n\n"\n2,a\nx,a\n3\n4,"a"b\n5,a\rb\n6,a\n7,"\n');
    const stream = csvFile(path, { types: { n: "number" } });
    const reasons = [
      /a number in column n .* got "x" in line 6\./,
      /2 cells .* got 1 in line 7\./,
      /got "b" in line 8\./,
      /alone in line 9\./,
    ];
    for (const fresh of [true, false]) {
      let cursor = stream.open();
      for (let i = 0; i < 2; i++) await cursor.next();
      if (!fresh) cursor = stream.open(JSON.parse(JSON.stringify(cursor.state())));
      for (const reason of reasons) await expect(cursor.next()).rejects.toThrow(reason);
      expect((await cursor.next()).value).toEqual({ n: 6, s: "a" });
      await expect(cursor.next()).rejects.toThrow(/a closing quote .* got its end in line 12\./);
    }
  });

  test("JSON Lines written are read; a failure leaves the older file and nothing else", async () => {
    const path = join(folder, "rows.jsonl");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue().filter((value) => value !== undefined)), async (values) => {
        await writeJsonl(path, values);
        expect(JSON.stringify(await collect(jsonlFile(path)))).toBe(JSON.stringify(values));
      }),
      { numRuns: 20 },
    );
    await writeJsonl(path, [1, { a: 2 }]);
    await expectResumable(jsonlFile(path));
    await expect(writeJsonl(path, [1, undefined])).rejects.toThrow(DataError);
    await expect(writeJsonl(path, [1, { scores: [0.5, Number.NaN] }])).rejects.toThrow(
      'jsonl: expected numbers that JSON can write, got NaN at "1". Write null for none.',
    );
    await expect(writeJsonl(path, [-Infinity])).rejects.toThrow("got -Infinity. Write null for none.");
    expect(await collect(jsonlFile(path))).toEqual([1, { a: 2 }]);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("JSON Lines are compressed where the name says so; a failure leaves the older file and nothing else", async () => {
    const path = join(folder, "rows.jsonl.gz");
    const values = Array.from({ length: 5000 }, (_, i) => ({ i, text: "é".repeat(20) }));
    await writeJsonl(path, values);
    expect(gunzipSync(readFileSync(path)).toString()).toBe(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
    expect(await collect(jsonlFile(path))).toEqual(values);
    let closed = false;
    const failing = (async function* () {
      try {
        yield* values;
        yield undefined;
      } finally {
        closed = true;
      }
    })();
    await expect(writeJsonl(path, failing)).rejects.toThrow(/a value that JSON can write/);
    expect(closed).toBe(true);
    expect(await collect(jsonlFile(path))).toEqual(values);
    await writeJsonl(path, []);
    expect(await collect(jsonlFile(path))).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("a file that is not there, or is no gzip, or has no header, says so", async () => {
    await expect(collect(textLines(join(folder, "none.txt")))).rejects.toThrow(/expected to read .*none.txt, got ENOENT/);
    writeFileSync(join(folder, "bad.gz"), "no gzip");
    await expect(collect(textLines(join(folder, "bad.gz")))).rejects.toThrow(DataError);
    writeFileSync(join(folder, "empty.csv"), "");
    await expect(collect(csvFile(join(folder, "empty.csv")))).rejects.toThrow(/a header in .*empty.csv/);
    writeFileSync(join(folder, "bad.jsonl"), "1\n\n{");
    await expect(collect(jsonlFile(join(folder, "bad.jsonl")))).rejects.toThrow(/JSON in line 3/);
  });

  test("Parquet from the disk", async () => {
    expect(await collect(parquetFile(fixture("table.parquet")))).toEqual(table.rows);
    await expect(collect(parquetFile(join(folder, "none.parquet")))).rejects.toThrow(/ENOENT/);
  });
});

describe("tar shards", () => {
  const sample = (i: number): ShardSample => ({
    key: `${i % 2 ? "a".repeat(120) : "b"}/${String(i).padStart(4, "0")}`,
    files: { bin: new Uint8Array(i * 100).fill(i), cls: new TextEncoder().encode(String(i)) },
  });
  const samples = Array.from({ length: 11 }, (_, i) => sample(i));

  test("what is written is read, from any place, in shards of the size asked for", async () => {
    const paths = await writeTarShards(folder, samples, { samplesPerShard: 4 });
    expect(paths.map((path) => path.slice(folder.length + 1))).toEqual(["shard-000000.tar", "shard-000001.tar", "shard-000002.tar"]);
    expect(await collect(tarShards(paths))).toEqual(samples);
    await expectResumable(tarShards(paths));
    writeFileSync(join(folder, "zipped.tar.gz"), gzipSync(readFileSync(paths[1]!)));
    expect(await collect(tarShards([join(folder, "zipped.tar.gz")]))).toEqual(samples.slice(4, 8));
    await expectResumable(tarShards([join(folder, "zipped.tar.gz")]));
    const zipped = await writeTarShards(folder, samples, { samplesPerShard: 4, nameOf: (shard) => `written-${shard}.tar.gz` });
    expect(gunzipSync(readFileSync(zipped[1]!))).toEqual(readFileSync(paths[1]!));
    expect(await collect(tarShards(zipped))).toEqual(samples);
  });

  test("shards are drawn in another order in every pass; each comes whole", async () => {
    const paths = await writeTarShards(folder, samples, { samplesPerShard: 2 });
    const shuffled = tarShards(paths, { shuffle: new Rng(1) });
    const passes = [await collect(shuffled), await collect(shuffled)].map((all) => all.map(({ key }) => key));
    expect(passes[0]!.toSorted()).toEqual(samples.map(({ key }) => key).toSorted());
    expect(passes[0]).not.toEqual(passes[1]);
  });

  test("a damaged shard is told of once, what is left of it is lost, and the next follows; resumed, the same", async () => {
    const paths = await writeTarShards(folder, samples, { samplesPerShard: 4 });
    const cut = join(folder, "cut.tar");
    // Two samples and a half: a path of more than 100 characters takes three blocks more.
    writeFileSync(cut, readFileSync(paths[1]!).subarray(0, readFileSync(paths[1]!).length >> 1));
    const shards = [paths[0]!, cut, join(folder, "none.tar"), paths[2]!];
    const examples = tarShards(shards).map(({ files }): Example<"x"> => ({ x: hostTensor(Float32Array.of(files.bin!.length / 100), []) }));
    const told: string[] = [];
    const onDamaged = ({ message }: DataError): unknown => told.push(message);
    const rowsOf = async (pass: AsyncIterable<Example<"x">>): Promise<number[][]> =>
      (await collect(pass)).map(({ x }) => Array.from(x.data));
    const pass = batches(examples, { batchSize: 3, onDamaged });
    const rows = await rowsOf(pass);
    expect(told).toEqual([expect.stringMatching(/cut off/), expect.stringMatching(/none.tar, got ENOENT/)]);
    const left = rows.flat();
    expect(left.slice(0, 4)).toEqual([0, 1, 2, 3]);
    expect(left.slice(-3)).toEqual([8, 9, 10]);
    expect(left.length).toBeLessThan(11);
    for (let taken = 0; taken <= rows.length; taken++) {
      const again = batches(examples, { batchSize: 3, onDamaged: () => {} });
      for (let i = 0; i < taken; i++) await again.next();
      const resume = JSON.parse(JSON.stringify(again.state));
      expect(await rowsOf(batches(examples, { batchSize: 3, onDamaged: () => {}, resume }))).toEqual(rows.slice(taken));
    }
    // Text and tables end the same way.
    for (const stream of [textLines(join(folder, "none.txt")), parquetFile(join(folder, "none.parquet"))]) {
      const cursor = (stream as DataStream<unknown>).open();
      await expect(cursor.next()).rejects.toThrow(DataError);
      expect(await stream.open(JSON.parse(JSON.stringify(cursor.state()))).next()).toEqual({ done: true, value: undefined });
      expect(await cursor.next()).toEqual({ done: true, value: undefined });
    }
  });

  test("a cut-off archive, a doubled file and a file too large are errors, not crashes", async () => {
    const [path] = await writeTarShards(folder, samples, { samplesPerShard: 100 });
    writeFileSync(join(folder, "cut.tar"), readFileSync(path!).subarray(0, 5000));
    await expect(collect(tarShards([join(folder, "cut.tar")]))).rejects.toThrow(/cut off/);
    await expect(collect(tarShards([path!], { maximumBytes: 50 }))).rejects.toThrow(/at most 50 bytes/);
    await expect(writeTarShards(folder, [sample(1), sample(1)], { samplesPerShard: 9 })).rejects.toThrow(/each once/);
    await expect(writeTarShards(folder, [{ key: "../x", files: { a: new Uint8Array(1) } }], { samplesPerShard: 9 })).rejects.toThrow(
      /stays inside/,
    );
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});
