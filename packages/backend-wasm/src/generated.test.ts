/** The committed modules are what assembly/ compiles to. */

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { compile, generatedSources, shipped } from "../assembly/compile.ts";

const stale = "Run `pnpm --filter @dl/backend-wasm kernels` and commit.";

test.each(Object.keys(generatedSources))("assembly/%s is up to date", async (file) => {
  expect(await readFile(new URL(`../assembly/${file}`, import.meta.url), "utf8"), stale).toBe(generatedSources[file]);
});

test.each(["simd", "relaxed"] as const)(
  "the %s build is up to date",
  async (build) => {
    const committed = await readFile(new URL(`./generated/${build}.ts`, import.meta.url), "utf8");
    expect(committed === shipped(build, await compile(build)), stale).toBe(true);
  },
  120_000,
);
