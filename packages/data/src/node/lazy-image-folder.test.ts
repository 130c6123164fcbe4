import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError, OptionError, Rng } from "@dl/core";
import { encode } from "fast-png";
import { expect, test } from "vitest";
import { batches } from "../batches.ts";
import { split } from "../datasets/split.ts";
import { classCounts } from "../statistics/class-counts.ts";
import { openBatchWorkers } from "./batch-workers.ts";
import { imageFolder } from "./image-folder.ts";
import { decodeSized, lazyImageFolder } from "./lazy-image-folder.ts";
import { openSharpDecoder } from "./sharp-decoder.ts";

const folder = fileURLToPath(new URL("../../fixtures/images", import.meta.url));
const size = { width: 8, height: 6 };

test("it gives what imageFolder gives, one image in memory at a time; damaged files are left out on request", async () => {
  const lazy = await lazyImageFolder(folder, size);
  const eager = await imageFolder(folder, { ...size, corrupt: "skip" });
  expect(lazy.classNames).toEqual(eager.classNames);
  expect(lazy.skipped.map(({ path }) => basename(path)).toSorted()).toEqual(["notes.txt"]);
  for (const [i, path] of eager.paths.entries()) expect(lazy.get(lazy.paths.indexOf(path))).toEqual(eager.get(i));
  const damaged: string[] = [];
  const read = [...batches(lazy, { batchSize: 6, onDamaged: (_, index) => damaged.push(basename(lazy.paths[index]!)) })];
  expect(damaged.toSorted()).toEqual(["empty.jpg", "not_an_image.png", "truncated.jpg", "truncated.png"]);
  expect(read.reduce((sum, { labels }) => sum + labels.data.length, 0)).toBe(eager.length);
  const empty = lazy.paths.findIndex((path) => basename(path) === "empty.jpg");
  const alone = await lazy.getBatchAsync!(Int32Array.of(empty), { onDamaged: () => {} });
  expect(alone).toEqual({ batch: undefined, kept: Int32Array.of() });
  expect(() => [...batches(lazy, { batchSize: 4 })]).toThrow(/empty.jpg to be a PNG, a JPEG or a BMP/);
  expect(classCounts(lazy)).toEqual([5, 5, 7]);
});

test("keepBytes keeps what was read first, as much as fits: it is not read again, and nothing else changes", async () => {
  const copy = mkdtempSync(join(tmpdir(), "dl-lazy-"));
  try {
    mkdirSync(join(copy, "a"));
    for (const name of ["1.png", "2.png", "3.png"]) copyFileSync(join(folder, "cat", "rgb.png"), join(copy, "a", name));
    const open = (keepBytes?: number) => lazyImageFolder(copy, { ...size, keepBytes });
    const [lazy, keeping] = [await open(), await open(2 * 6 * 8 * 3)];
    const expected = lazy.get(0);
    expect(keeping.get(0)).toEqual(expected);
    // One after the other: of a batch, whichever file is there first is kept.
    const { batch } = await keeping.getBatchAsync!(Int32Array.of(1), {});
    await keeping.getBatchAsync!(Int32Array.of(2), {});
    // What is given is the caller's to change.
    batch!.images.data.fill(0);
    keeping.get(0).images.data.fill(0);
    for (const name of ["1.png", "2.png", "3.png"]) rmSync(join(copy, "a", name));
    for (const i of [0, 1]) expect(keeping.get(i).images).toEqual(expected.images);
    expect(() => keeping.get(2)).toThrow(/3\.png, got ENOENT/);
    await expect(open(-1)).rejects.toThrow(OptionError);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test("in workers, through a split, the same; sharp's pixels are close to ours", async () => {
  const module = new URL("./folder-pipeline-fixture.ts", import.meta.url);
  const decoders: Record<string, number[][]> = {};
  for (const decoder of ["javascript", "sharp"]) {
    await using workers = await openBatchWorkers<
      Awaited<ReturnType<typeof lazyImageFolder>> extends { get(i: number): infer E } ? E : never
    >(module, {
      workers: 2,
      input: { folder, decoder },
      execArgv: ["--conditions=@dl/source"],
    });
    const damaged: number[] = [];
    const rows: number[][] = [];
    for await (const { images, labels } of workers.batches({
      batchSize: 4,
      shuffle: new Rng(1),
      onDamaged: (_, index) => damaged.push(index),
    })) {
      for (let i = 0; i < labels.data.length; i++) rows.push(Array.from(images.data.subarray(i * 144, (i + 1) * 144)));
    }
    expect(damaged).toHaveLength(4);
    decoders[decoder] = rows;
  }
  const lazy = split(await lazyImageFolder(folder, size), { fractions: { all: 1 }, rng: new Rng(1) }).all;
  const expected = [...batches(lazy, { batchSize: 4, shuffle: new Rng(1), onDamaged: () => {} })];
  expect(decoders.javascript!.flat()).toEqual(expected.flatMap(({ images }) => Array.from(images.data)));
  const differences = decoders.sharp!.flat().map((value, i) => Math.abs(value - decoders.javascript!.flat()[i]!));
  expect(differences.reduce((a, b) => a + b) / differences.length).toBeLessThan(3 / 255);
});

test("sharp upholds the contract: a damaged file is a DataError that names it", async () => {
  const decode = await openSharpDecoder();
  const asked = { ...size, channels: 3, fit: "crop", name: "x.jpg" } as const;
  await expect(decode(Uint8Array.of(1, 2, 3), asked)).rejects.toThrow(/x.jpg to be a whole image/);
  await expect(decode(new Uint8Array(0), asked)).rejects.toThrow(DataError);
});

test("what alpha hides is read as it is stored, by sharp as by this package", async () => {
  const decode = await openSharpDecoder();
  // Nothing is seen of the left half, and half of the right.
  const half = (left: number[], right: number[]): number[] => Array.from({ length: 64 }, (_, at) => (at % 8 < 4 ? left : right)).flat();
  const files = [
    encode({ width: 8, height: 8, channels: 4, depth: 8, data: Uint8Array.from(half([255, 0, 0, 0], [40, 90, 140, 128])) }),
    encode({ width: 8, height: 8, channels: 2, depth: 8, data: Uint8Array.from(half([200, 0], [40, 128])) }),
    encode({ width: 8, height: 8, channels: 4, depth: 16, data: Uint16Array.from(half([65535, 0, 0, 0], [9000, 20000, 40000, 30000])) }),
  ];
  for (const file of files) {
    for (const channels of [1, 3] as const) {
      const asked = { width: 4, height: 4, channels, fit: "stretch", name: "x.png" } as const;
      const [ours, sharps] = [decodeSized(file, asked), await decode(file, asked)];
      expect(sharps.length).toBe(ours.length);
      for (let i = 0; i < ours.length; i++) expect(Math.abs(sharps[i]! - ours[i]!)).toBeLessThanOrEqual(2);
    }
  }
  expect(Array.from((await decode(files[0]!, { width: 4, height: 4, channels: 3, fit: "crop", name: "x.png" })).subarray(0, 3))).toEqual([
    255, 0, 0,
  ]);
});

test("no size and no images are refused", async () => {
  await expect(lazyImageFolder(folder, { width: 0, height: 1 })).rejects.toThrow(OptionError);
  const mixed = fileURLToPath(new URL("../../fixtures", import.meta.url));
  await expect(lazyImageFolder(mixed, size)).rejects.toThrow("got none in tokenizers");
  await expect(lazyImageFolder(mixed, { ...size, classNames: ["images", "png-suite", "tokenizers"] })).resolves.toBeDefined();
  const lazy = await lazyImageFolder(folder, size);
  expect(() => lazy.get(99)).toThrow(/from 0 to 16, got 99/);
});
