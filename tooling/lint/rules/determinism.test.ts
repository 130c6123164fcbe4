import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { determinism } from "./determinism.ts";

const inPackage = (path: string, code: string) => checkFiles(determinism, { "packages/nn/package.json": { name: "@dl/nn" }, [path]: code });

test.each(["Math.random()", "[1].map(Math.random)", "Date.now()", "new Date()", "crypto.randomUUID()", "crypto.getRandomValues(bytes)"])(
  "%s is found",
  (code) => {
    const found = inPackage("packages/nn/src/a.ts", `const x = 1;\n${code};`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^error packages\/nn\/src\/a.ts:2 expected the same result on every run, got /);
  },
);

test("words in comments and strings, performance.now(), and tests are free", () => {
  expect(inPackage("packages/nn/src/a.ts", '// Math.random()\nconst s = "Date.now()";\nperformance.now();')).toEqual([]);
  expect(inPackage("packages/nn/src/a.test.ts", "Math.random();")).toEqual([]);
});
