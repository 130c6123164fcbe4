import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Every module `file` reaches by relative imports, and every package it names. */
function reach(
  file: URL,
  packages: Set<string> = new Set(),
  files: Set<string> = new Set(),
): { packages: Set<string>; files: Set<string> } {
  if (files.has(file.href)) return { packages, files };
  files.add(file.href);
  for (const [, specifier] of readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)) {
    const next = new URL(specifier!, file);
    if (!specifier!.startsWith(".")) packages.add(specifier!);
    else if (existsSync(next)) reach(next, packages, files);
  }
  return { packages, files };
}

test("the main entry needs nothing of Node: only core, and readers of images, zip archives and Parquet", () => {
  const { packages, files } = reach(new URL("./index.ts", import.meta.url));
  expect(files.size).toBeGreaterThan(20);
  expect([...packages].toSorted()).toEqual(["@dl/core", "fast-png", "fflate", "fzstd", "hyparquet", "jpeg-js"]);
});
