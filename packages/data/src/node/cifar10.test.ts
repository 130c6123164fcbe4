import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ByteColumn } from "../datasets/byte-column.ts";
import { channelStatistics } from "../statistics/channel-statistics.ts";
import { classCounts } from "../statistics/class-counts.ts";
import { cifar10, cifar10Statistics } from "./cifar10.ts";

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
