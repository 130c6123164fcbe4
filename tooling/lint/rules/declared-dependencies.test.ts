import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { declaredDependencies } from "./declared-dependencies.ts";

const manifest = { name: "@dl/data", dependencies: { fflate: "catalog:" }, devDependencies: { "fast-check": "catalog:" } };
const uses = { "packages/data/package.json": manifest, "packages/data/src/uses.ts": 'import { unzipSync } from "fflate";' };

test("declared packages, Node's modules, relative files and what a bundler's plugin makes may be imported", () => {
  const code = 'import "node:fs";\nimport "./uses.ts";\nimport "fflate/browser";\nimport "virtual:snippets";';
  expect(checkFiles(declaredDependencies, { ...uses, "packages/data/src/a.ts": code })).toEqual([]);
});

test("an undeclared import is found, static, dynamic or as a type", () => {
  for (const code of ['import "left-pad";', 'await import("left-pad");', 'type A = import("left-pad").A;']) {
    expect(checkFiles(declaredDependencies, { ...uses, "packages/data/src/a.ts": code })[0]).toMatch(
      /^error packages\/data\/src\/a.ts:1 expected an import that packages\/data\/package.json declares, got left-pad\. Add it to "dependencies"/,
    );
  }
});

test("development dependencies, the package's or the root's, are for tests", () => {
  const root = { "package.json": { name: "dl", devDependencies: { vitest: "catalog:" } } };
  const code = 'import "fast-check";\nimport "vitest";';
  expect(checkFiles(declaredDependencies, { ...uses, ...root, "packages/data/src/a.test.ts": code })).toEqual([]);
  expect(checkFiles(declaredDependencies, { ...uses, ...root, "packages/data/src/a.ts": code })).toHaveLength(2);
});

test("a dependency that only a test imports is not a dependency", () => {
  const found = checkFiles(declaredDependencies, {
    "packages/data/package.json": manifest,
    "packages/data/src/a.test.ts": 'import "fflate";',
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/packages\/data\/package.json:4 expected every dependency to be imported, got fflate/);
});

test("a relative import may not leave its package", () => {
  const found = checkFiles(declaredDependencies, { ...uses, "packages/data/src/a.test.ts": 'import "../../core/src/rng.ts";' });
  expect(found[0]).toMatch(/expected relative imports to stay inside packages\/data\/, got \.\.\/\.\.\/core\/src\/rng.ts/);
});
