import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "@dl/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tarFile } from "../formats/tar-fixture.ts";
import { readSource } from "./cache.ts";
import { defaultCacheDirectory } from "./directories.ts";
import { extractWanted } from "./extract.ts";
import { urls } from "./origins.ts";
import type { Origin, Source, SourceFile, SourceProgress } from "./source.ts";

const text = new TextEncoder();
const fileOf = (name: string, body: Uint8Array): SourceFile => ({
  name,
  bytes: body.length,
  sha256: createHash("sha256").update(body).digest("hex"),
});
const bodies: Record<string, Uint8Array> = { one: text.encode("the first file"), two: new Uint8Array(100_000).fill(7) };
const fakeSource = (...origins: Origin[]): Source => ({
  name: "fake",
  title: "Fake",
  licence: "MIT",
  citation: "none",
  files: Object.entries(bodies).map(([name, body]) => fileOf(name, body)),
  origins,
});
const unpack = (archive: Uint8Array): Origin => ({
  name: "an archive",
  fetch: (context) =>
    extractWanted(
      (async function* () {
        yield archive;
      })(),
      { paths: { one: "package/one", two: "package/two" }, context },
    ),
});

let folder: string;
let directories: { cacheDirectory: string; dataDirectory: undefined };
let server: Server;
let address: string;
const served = new Map<string, Uint8Array>();
let requests: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dl-cache-"));
  directories = { cacheDirectory: folder, dataDirectory: undefined };
  requests = [];
  served.clear();
  server = createServer((request, response) => {
    requests.push(request.url!);
    const body = served.get(request.url!);
    if (body === undefined) response.writeHead(404).end();
    else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

describe("readSource", () => {
  const web = (): Origin => urls({ one: `${address}/one`, two: `${address}/two.gz` });
  const serveAll = (): void => {
    served.set("/one", bodies.one!);
    served.set("/two.gz", gzipSync(bodies.two!));
  };

  test("fetches once, reports progress, then reads the cache without the network", async () => {
    serveAll();
    const progress: SourceProgress[] = [];
    const first = await readSource(fakeSource(web()), ["one", "two"], { ...directories, onProgress: (report) => progress.push(report) });
    expect(first.get("one")).toEqual(Buffer.from(bodies.one!));
    expect(first.get("two")).toEqual(Buffer.from(bodies.two!));
    expect(progress).toContainEqual({ source: "fake", origin: new URL(address).host, step: "download", received: 14, total: 14 });
    expect(requests).toEqual(["/one", "/two.gz"]);
    await readSource(fakeSource(web()), ["one", "two"], { ...directories, onProgress: () => expect.unreachable() });
    expect(requests.length).toBe(2);
    expect(readdirSync(join(folder, "data", "fake")).toSorted()).toEqual(["one", "two"]);
  });

  test("a damaged file in the cache is named, not used, and left as it is", async () => {
    serveAll();
    const path = join(folder, "data", "fake", "one");
    mkdirSync(join(folder, "data", "fake"), { recursive: true });
    writeFileSync(path, "the worst file");
    await expect(readSource(fakeSource(web()), ["one"], directories)).rejects.toThrow(
      new RegExp(`${path} to have sha256 .* delete it to have it fetched again, or set DL_DATA_DIR`),
    );
    expect(readFileSync(path, "utf8")).toBe("the worst file");
  });

  test("DL_DATA_DIR comes first, plain or gzipped, offline, and is never written", async () => {
    const dataDirectory = join(folder, "mine");
    mkdirSync(join(dataDirectory, "fake"), { recursive: true });
    writeFileSync(join(dataDirectory, "fake", "one"), bodies.one!);
    writeFileSync(join(dataDirectory, "fake", "two.gz"), gzipSync(bodies.two!));
    const files = await readSource(fakeSource(), ["one", "two"], { cacheDirectory: join(folder, "cache"), dataDirectory });
    expect(files.get("two")).toEqual(Buffer.from(bodies.two!));
    expect(existsSync(join(folder, "cache"))).toBe(false);
    writeFileSync(join(dataDirectory, "fake", "two.gz"), gzipSync(new Uint8Array(5_000_000)));
    await expect(readSource(fakeSource(), ["two"], { ...directories, dataDirectory })).rejects.toThrow(
      /two\.gz to have 100000 bytes under gzip/,
    );
  });

  test("a mirror that is gone, lies, or floods is passed over for one that is right; nothing of it stays", async () => {
    served.set("/one", text.encode("the other file"));
    served.set("/two.gz", gzipSync(new Uint8Array(50_000_000)));
    const gone = urls({ one: `${address}/gone`, two: `${address}/gone` });
    const archive = unpack(
      tarFile([
        { path: "package/../../../escaped", body: "no" },
        { path: "package/one", body: bodies.one! },
        { path: "package/two", body: bodies.two! },
      ]),
    );
    const files = await readSource(fakeSource(gone, web(), archive), ["one", "two"], directories);
    expect(files.get("one")).toEqual(Buffer.from(bodies.one!));
    expect(readdirSync(folder, { recursive: true }).toSorted()).toEqual(
      ["data", "data/fake", "data/fake/one", "data/fake/two"].map((p) => join(p)),
    );
  });

  test("when nothing works the error says why for each origin, and what to do", async () => {
    served.set("/one", text.encode("the other file"));
    served.set("/two.gz", gzipSync(bodies.two!));
    const failure = await readSource(fakeSource(urls({ one: `${address}/gone` }), web(), unpack(tarFile([]))), ["one"], directories).catch(
      (error: unknown) => error as Error,
    );
    expect(failure).toBeInstanceOf(DataError);
    expect((failure as Error).message).toMatch(/got 404 Not Found.*to have sha256.*an archive: has no one.*DL_DATA_DIR/s);
    expect(readdirSync(join(folder, "data", "fake"))).toEqual([]);
  });

  test("many at once end with the same good files and no leftovers", async () => {
    serveAll();
    const all = await Promise.all(Array.from({ length: 8 }, () => readSource(fakeSource(web()), ["one", "two"], directories)));
    for (const files of all) expect(files.get("two")).toEqual(Buffer.from(bodies.two!));
    expect(readdirSync(join(folder, "data", "fake")).toSorted()).toEqual(["one", "two"]);
  });

  test("what a killed process left is cleared; what a running one fetches is not", async () => {
    serveAll();
    const cache = join(folder, "data", "fake");
    // No system hands out process ids this large.
    for (const pid of [2 ** 30, process.pid]) mkdirSync(join(cache, `partial-${hostname()}-${pid}-x`), { recursive: true });
    await readSource(fakeSource(web()), ["one"], directories);
    expect(readdirSync(cache).toSorted()).toEqual(["one", `partial-${hostname()}-${process.pid}-x`, "two"]);
  });

  test("an aborted download stops with the abort's reason", async () => {
    serveAll();
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error("enough"));
    const reading = readSource(fakeSource(web(), web()), ["one"], { ...directories, signal: controller.signal, onProgress });
    await expect(reading).rejects.toThrow();
    expect(requests).toEqual(["/one"]);
  });
});

test("the cache lies where the system keeps caches, unless DL_CACHE_DIR says otherwise", () => {
  expect(defaultCacheDirectory({ DL_CACHE_DIR: "/elsewhere", XDG_CACHE_HOME: "/x" }, "linux")).toBe("/elsewhere");
  expect(defaultCacheDirectory({ XDG_CACHE_HOME: "/x" }, "linux")).toBe(join("/x", "dl"));
  expect(defaultCacheDirectory({ LOCALAPPDATA: "/local" }, "win32")).toBe(join("/local", "dl"));
  expect(defaultCacheDirectory({}, "darwin")).toMatch(/Library.Caches.dl$/);
  expect(defaultCacheDirectory({}, "linux")).toMatch(/\.cache.dl$/);
});
