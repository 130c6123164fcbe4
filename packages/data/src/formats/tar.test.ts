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
    const record = (text: string): string => {
      const rest = ` path=${text}\n`;
      let length = rest.length;
      while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
      return `${length}${rest}`;
    };
    const files = await contents(
      tarFile([
        { path: "pax", type: "x", body: record(long) },
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

  test("a cut, a wrong checksum, or something else altogether is a DataError", async () => {
    await expect(contents(archive.subarray(0, 700))).rejects.toThrow(/cut off/);
    const damaged = archive.slice();
    damaged[0]! ^= 1;
    await expect(contents(damaged)).rejects.toThrow(/checksum/);
    await expect(contents(new TextEncoder().encode("<html>".repeat(200)))).rejects.toThrow(DataError);
    await expect(contents(tarFile([{ path: "x", type: "x", size: 2 ** 32, body: "" }]))).rejects.toThrow(/metadata of at most/);
  });
});
