import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ByteColumn } from "../datasets/byte-column.ts";
import { tarFile } from "../formats/tar-fixture.ts";
import { channelStatistics } from "../statistics/channel-statistics.ts";
import { classCounts } from "../statistics/class-counts.ts";
import { cifar10, cifar10Statistics } from "./cifar10.ts";
import { cifarBinaryOrigin } from "./cifar10-origins.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dl-cifar10-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a batch file of the wrong length in DL_DATA_DIR is named, and nothing is fetched instead", async () => {
  mkdirSync(join(folder, "cifar10"), { recursive: true });
  writeFileSync(join(folder, "cifar10", "test_batch.bin"), new Uint8Array(100));
  await expect(cifar10({ split: "test", dataDirectory: folder, cacheDirectory: join(folder, "cache") })).rejects.toThrow(
    /expected batch 0 to have 30730000 bytes, got 100/,
  );
});

describe("the university's archive", () => {
  const fetchArchive = async (archive: Uint8Array): Promise<unknown> => {
    const server = createServer((_, response) => response.end(archive));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const origin = cifarBinaryOrigin(`http://127.0.0.1:${(server.address() as AddressInfo).port}/cifar-10-binary.tar.gz`);
      const workDirectory = mkdtempSync(join(folder, "work-"));
      return await origin.fetch({ workDirectory, wanted: [], report: () => {}, signal: undefined });
    } finally {
      server.close();
    }
  };
  const entry = (name: string, body: Uint8Array | string) => ({ path: `cifar-10-batches-bin/${name}`, body });

  test("puts labels and pixels of a batch into their places, colours side by side", async () => {
    const file = new Uint8Array(10_000 * 3073);
    // The second image: label 7, and pixel 5 with red 1, green 2, blue 3.
    file[3073] = 7;
    for (const plane of [0, 1, 2]) file[3073 + 1 + plane * 1024 + 5] = plane + 1;
    const paths = (await fetchArchive(gzipSync(tarFile([entry("readme.html", "hello"), entry("data_batch_3.bin", file)])))) as Map<
      string,
      string
    >;
    const images = readFileSync(paths.get("train-images-idx4-ubyte")!);
    const labels = readFileSync(paths.get("train-labels-idx1-ubyte")!);
    expect([...images.subarray(0, 20)]).toEqual([0, 0, 8, 4, 0, 0, 0xc3, 0x50, 0, 0, 0, 32, 0, 0, 0, 32, 0, 0, 0, 3]);
    expect([...images.subarray(20 + 20_001 * 3072 + 15, 20 + 20_001 * 3072 + 18)]).toEqual([1, 2, 3]);
    expect(images.reduce((sum, byte, i) => (i < 20 ? sum : sum + byte), 0)).toBe(6);
    expect(labels[8 + 20_001]).toBe(7);
  });

  test("cut off, or with a batch of another length, is an error and not a hang", async () => {
    const archive = gzipSync(tarFile([entry("test_batch.bin", new Uint8Array(5000))]));
    await expect(fetchArchive(archive)).rejects.toThrow(/batch 0 to have 30730000 bytes, got 5000/);
    await expect(fetchArchive(archive.subarray(0, archive.length - 40))).rejects.toThrow();
    await expect(fetchArchive(new TextEncoder().encode("<html>sorry</html>"))).rejects.toThrow();
    const huge = tarFile([{ ...entry("test_batch.bin", ""), size: 2 ** 32 }]);
    await expect(fetchArchive(gzipSync(huge))).rejects.toThrow(/at most 30730000 bytes, got 4294967296/);
  });
});

// 139 MB: asked for by DL_TEST_DOWNLOADS=1. A cache that is set by DL_CACHE_DIR is used.
describe.runIf(process.env.DL_TEST_DOWNLOADS === "1")("the real set", () => {
  test("has the published counts, first labels and statistics, and the university's binary form gives the same bytes", async () => {
    const train = await cifar10({ split: "train" });
    const testSplit = await cifar10({ split: "test" });
    expect(classCounts(train)).toEqual(new Array(10).fill(5000));
    expect(classCounts(testSplit)).toEqual(new Array(10).fill(1000));
    expect(Array.from(train.getBatch(Int32Array.of(0, 1, 2, 3, 4)).labels.data)).toEqual([6, 9, 9, 4, 1]);
    const { mean, standardDeviation } = channelStatistics(train);
    for (let channel = 0; channel < 3; channel++) {
      expect(mean[channel]).toBeCloseTo(cifar10Statistics.mean[channel]!, 4);
      expect(standardDeviation[channel]).toBeCloseTo(cifar10Statistics.standardDeviation[channel]!, 4);
    }

    const binary = join(folder, "binary", "cifar10", "cifar-10-batches-bin");
    mkdirSync(binary, { recursive: true });
    for (let batch = 0; batch <= 5; batch++) {
      const { columns } = batch === 0 ? testSplit : train;
      const { bytes } = columns.images as ByteColumn;
      const first = Math.max(0, batch - 1) * 10_000;
      const file = new Uint8Array(10_000 * 3073);
      for (let i = 0; i < 10_000; i++) {
        file[i * 3073] = (columns.labels as { data: Int32Array }).data[first + i]!;
        for (let j = 0; j < 3072; j++) file[i * 3073 + 1 + (j % 3) * 1024 + Math.floor(j / 3)] = bytes[(first + i) * 3072 + j]!;
      }
      writeFileSync(join(binary, batch === 0 ? "test_batch.bin" : `data_batch_${batch}.bin`), file);
    }
    const options = { dataDirectory: join(folder, "binary"), cacheDirectory: join(folder, "other-cache") };
    // Read only if every byte hashes as promised.
    expect((await cifar10({ split: "train", ...options })).length).toBe(50_000);
  }, 300_000);
});
