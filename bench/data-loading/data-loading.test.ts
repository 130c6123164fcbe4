import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeJpegFolder, writeMemoryFiles } from "./files.ts";
import { loadingCases, measureLoading } from "./measure.ts";

test("every case of the loading bench runs on small files, and torch's loader beside it where there is one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dl-loading-"));
  try {
    const files = { memory: writeMemoryFiles({ folder, count: 64, seed: 1 }), jpeg: writeJpegFolder({ folder, count: 10, seed: 1 }) };
    for (const loading of loadingCases) {
      const result = await measureLoading(loading, { folder: files[loading.kind], workers: 1, epochs: 1, rounds: 1, seed: 1 });
      expect(result.ours).toBeGreaterThan(0);
      if (typeof result.torch === "string") expect(result.torch).not.toBe("");
      else expect(result.ratio).toBeGreaterThan(0);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);
