import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { fileLength } from "./file-length.ts";

const check = (text: string) => checkFiles(fileLength, { "packages/nn/package.json": { name: "@dl/nn" }, "packages/nn/src/a.ts": text });

test("300 lines of code pass, 301 are a warning, 501 an error", () => {
  expect(check("f();\n".repeat(300))).toEqual([]);
  expect(check("f();\n".repeat(301))[0]).toMatch(/^warning .*expected about 300 lines of code, got 301/);
  expect(check("f();\n".repeat(500))[0]).toMatch(/^warning/);
  expect(check("f();\n".repeat(501))[0]).toMatch(/^error .*expected at most 500 lines of code, got 501/);
});

test("comments and blank lines are free, lines inside a template are not", () => {
  expect(check("// why\n\n/* and\nhow */\n".repeat(200))).toEqual([]);
  expect(check(`const s = \`${"// text\n".repeat(600)}\`;`)[0]).toMatch(/^error .* got 601/);
});
