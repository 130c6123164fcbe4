import { expect, test } from "vitest";
import { reachedPackages, undeclaredImports, unexpectedFiles, unreachedScripts } from "./built-files.ts";

const manifest = {
  name: "@dl/x",
  exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
  dependencies: { fflate: "^0.8.3" },
};

test("sources, tests and build leftovers have no place in a tarball", () => {
  const good = ["CHANGELOG.md", "LICENSE", "README.md", "dist/index.js", "dist/kernels.wasm", "package.json"];
  const bad = ["dist/index.test.js", "dist/x.tsbuildinfo", "src/index.ts", "tsconfig.json"];
  expect(unexpectedFiles([...good, ...bad])).toEqual(bad);
});

test("an import that the manifest does not declare is found in scripts and in declarations", () => {
  const scripts = new Map([
    ["dist/index.js", 'import { unzip } from "fflate"; import "node:fs"; import "./a.js"; await import("left-pad");'],
    ["dist/index.d.ts", 'import type { Tensor } from "@dl/core/testing";'],
  ]);
  expect(undeclaredImports(scripts, manifest)).toEqual(["dist/index.js: left-pad", "dist/index.d.ts: @dl/core"]);
});

test("scripts are reached by imports and by worker urls; what remains is a leftover", () => {
  const scripts = new Map([
    ["dist/index.js", 'export * from "./a.js"; new Worker(new URL(source ? "./worker.ts" : "./worker.js", import.meta.url));'],
    ["dist/index.d.ts", 'export type { T } from "./only-types.ts";'],
    ["dist/a.js", "const lazy = () => import('./lazy.js');"],
    ["dist/lazy.js", ""],
    ["dist/worker.js", ""],
    ["dist/only-types.js", "export {};"],
    ["dist/deleted.js", ""],
  ]);
  expect(unreachedScripts(scripts, manifest)).toEqual(["dist/deleted.js"]);
});

test("the packages an entry loads are found behind its own files", () => {
  const scripts = new Map([
    ["dist/testing/index.js", 'export * from "./suite.js";'],
    ["dist/testing/suite.js", 'import { test } from "vitest";'],
  ]);
  expect([...reachedPackages(scripts, "./dist/testing/index.js")]).toEqual(["vitest"]);
});
