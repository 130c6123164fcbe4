import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSparseShards } from "./read-sparse-shards-fixture.ts";

test("more than the limit of shards is read, shuffled through a buffer and batched within 250 MB", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dl-sparse-"));
  try {
    const shape = { shards: 3, samplesPerShard: 900, sampleBytes: 128 * 1024 };
    const { count, sum, bytes, inOrder, peakBytes } = await readSparseShards(folder, shape);
    expect(count).toBe(2700);
    expect(sum).toBe((2700 * 2699) / 2);
    expect(bytes).toBe(2700 * 128 * 1024);
    expect(inOrder).toBeLessThan(100);
    expect(peakBytes).toBeLessThan(250e6);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);
