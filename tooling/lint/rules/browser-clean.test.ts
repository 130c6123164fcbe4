import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { browserClean } from "./browser-clean.ts";

const entries = { ".": { "@dl/source": "./src/index.ts" }, "./node": { "@dl/source": "./src/node.ts" } };
const core = { "packages/core/package.json": { name: "@dl/core", exports: entries } };

test("a static import of a Node module is found behind re-exports, with the way there", () => {
  const found = checkFiles(browserClean, {
    ...core,
    "packages/core/src/index.ts": 'export * from "./a.ts";',
    "packages/core/src/a.ts": 'import "./b.ts";',
    "packages/core/src/b.ts": '\nimport { readFileSync } from "node:fs";',
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^error packages\/core\/src\/b.ts:2 .* got a static import of node:fs \(index.ts → a.ts → b.ts\)/);
});

test("it is found without its prefix and across packages, once", () => {
  const found = checkFiles(browserClean, {
    ...core,
    "packages/core/src/index.ts": 'import os from "os";',
    "packages/nn/package.json": { name: "@dl/nn", exports: entries },
    "packages/nn/src/index.ts": 'import "@dl/core";',
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain("static import of os");
});

test("dynamic imports, types, and other entries are free", () => {
  const found = checkFiles(browserClean, {
    ...core,
    "packages/core/src/index.ts":
      'import type { Stats } from "node:fs";\nexport const read = async () => (await import("node:fs")).readFileSync;\nexport * from "./a.ts";',
    "packages/core/src/a.ts": 'const later = () => import("./node.ts");',
    "packages/core/src/node.ts": 'import "node:fs";',
  });
  expect(found).toEqual([]);
});
