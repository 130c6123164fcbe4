import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSparseShards } from "../src/node/read-sparse-shards-fixture.ts";

test("10 GB of shards, sparse on the disk, are read, shuffled through a buffer and batched within 250 MB", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dl-sparse-"));
  try {
    const { count, sum, bytes, peakBytes } = await readSparseShards(folder, { shards: 20, samplesPerShard: 4000, sampleBytes: 128 * 1024 });
    expect(count).toBe(80_000);
    expect(sum).toBe((80_000 * 79_999) / 2);
    expect(bytes).toBeGreaterThan(10e9);
    console.log(`${(bytes / 1e9).toFixed(1)} GB read, at most ${(peakBytes / 1e6).toFixed(0)} MB in memory`);
    expect(peakBytes).toBeLessThan(250e6);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 3_600_000);
