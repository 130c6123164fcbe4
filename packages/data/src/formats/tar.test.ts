import { DataError } from "@dl/core";
import { describe, expect, test } from "vitest";
import { readTar } from "./tar.ts";
import { tarFile } from "./tar-fixture.ts";

async function* inChunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function contents(archive: Uint8Array, chunk = 100): Promise<[string, string][]> {
  const files: [string, string][] = [];
  for await (const entry of readTar(inChunksOf(archive, chunk))) {
    let text = "";
    for await (const part of entry.body) text += new TextDecoder().decode(part);
    files.push([entry.path, text]);
  }
  return files;
}

/** A pax record of ASCII text: its length counts itself. */
const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
};

describe("readTar", () => {
  const archive = tarFile([
    { path: "a.txt", body: "alpha" },
    { path: "folder/", type: "5", body: "" },
    { path: "link", type: "2", body: "" },
    { path: "b.txt", body: "b".repeat(1025) },
    { path: "empty", body: "" },
  ]);

  test.each([1, 7, 512, 100_000])("gives regular files only, whatever the chunks (%i bytes)", async (chunk) => {
    expect(await contents(archive, chunk)).toEqual([
      ["a.txt", "alpha"],
      ["b.txt", "b".repeat(1025)],
      ["empty", ""],
    ]);
  });

  test("a body that is not read is skipped", async () => {
    const paths: string[] = [];
    for await (const { path } of readTar(inChunksOf(archive, 64))) paths.push(path);
    expect(paths).toEqual(["a.txt", "b.txt", "empty"]);
  });

  test("a reader that stops early, or throws, stops the stream", async () => {
    for (const leave of ["break", "throw"]) {
      let closed = false;
      const stream = (async function* () {
        try {
          yield* inChunksOf(archive, 64);
        } finally {
          closed = true;
        }
      })();
      const read = async (): Promise<void> => {
        for await (const _ of readTar(stream)) {
          if (leave === "throw") throw new Error("enough");
          break;
        }
      };
      if (leave === "throw") await expect(read()).rejects.toThrow("enough");
      else await read();
      expect(closed).toBe(true);
    }
  });

  test("long names of pax and of GNU apply to the next file only", async () => {
    const long = `${"deep/".repeat(40)}file`;
    const files = await contents(
      tarFile([
        { path: "pax", type: "x", body: record("path", long) },
        { path: "short", body: "1" },
        { path: "././@LongLink", type: "L", body: `${long}\0` },
        { path: "short", body: "2" },
        { path: "after", body: "3" },
      ]),
    );
    expect(files).toEqual([
      [long, "1"],
      [long, "2"],
      ["after", "3"],
    ]);
  });

  test("a pax size goes before that of the header, for the next file only, whatever stands beside it", async () => {
    const whole = "w".repeat(700);
    const archive = tarFile([
      { path: "x", type: "x", body: record("comment", "a\n9 size=1\n") + record("size", "700") + record("path", "big") },
      { path: "short", body: whole, size: 0 },
      { path: "after", body: "3" },
    ]);
    for (const chunk of [1, 512, 5000]) {
      expect(await contents(archive, chunk)).toEqual([
        ["big", whole],
        ["after", "3"],
      ]);
    }
    const ends: number[] = [];
    for await (const { end } of readTar(inChunksOf(archive, 64))) ends.push(end);
    expect(ends).toEqual([3 * 512 + 1024, 3 * 512 + 1024 + 1024]);
  });

  test("a pax size out of bounds, beyond the archive, or in no form is a DataError", async () => {
    const sized = (body: string): Uint8Array =>
      tarFile([
        { path: "x", type: "x", body },
        { path: "a", body: "1" },
      ]);
    for (const size of ["-1", "0x10", "1e3", "9007199254740992", "9".repeat(400)]) {
      await expect(contents(sized(record("size", size)))).rejects.toThrow(/a pax size of decimal digits below/);
    }
    await expect(contents(sized(record("size", "9007199254740991")))).rejects.toThrow(/cut off/);
    for (const body of ["12 size=1\n", "99 size=1\n", "size=1\n", "0 size=1\n", "9 =123456\n"]) {
      await expect(contents(sized(body))).rejects.toThrow(/expected pax records .* at byte 0/);
    }
  });

  test("a cut, a wrong checksum, or something else altogether is a DataError", async () => {
    await expect(contents(archive.subarray(0, 700))).rejects.toThrow(/cut off/);
    const damaged = archive.slice();
    damaged[0]! ^= 1;
    await expect(contents(damaged)).rejects.toThrow(/checksum/);
    await expect(contents(new TextEncoder().encode("<html>".repeat(200)))).rejects.toThrow(DataError);
    await expect(contents(tarFile([{ path: "x", type: "x", size: 2 ** 32, body: "" }]))).rejects.toThrow(/metadata of at most/);
  });
});
