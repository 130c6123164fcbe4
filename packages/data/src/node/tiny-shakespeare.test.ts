import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { expect, test } from "vitest";
import { defaultDataDirectory } from "./directories.ts";
import { tinyShakespeare, tinyShakespeareSource } from "./tiny-shakespeare.ts";

test("a file that is another is refused by name, with what was expected", async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "dl-shakespeare-"));
  try {
    const { files, origins, ...source } = tinyShakespeareSource;
    expect(source.licence).toBe("public domain");
    expect(origins).toHaveLength(1);
    expect(files[0]!.bytes).toBe(1_115_394);
    const folder = join(dataDirectory, "tinyshakespeare");

    mkdirSync(folder);
    writeFileSync(join(folder, "input.txt"), "First Citizen:\n");
    await expect(tinyShakespeare({ dataDirectory })).rejects.toThrow(DataError);
    await expect(tinyShakespeare({ dataDirectory })).rejects.toThrow(/input\.txt/);
  } finally {
    rmSync(dataDirectory, { recursive: true });
  }
});

test.runIf(defaultDataDirectory() !== undefined)("the text begins as the plays do, and has 65 characters", async () => {
  const text = await tinyShakespeare();
  expect(text.startsWith("First Citizen:\nBefore we proceed any further")).toBe(true);
  expect(new Set(text).size).toBe(65);
});
