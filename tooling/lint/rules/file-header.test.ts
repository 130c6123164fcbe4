import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { fileHeader } from "./file-header.ts";

const check = (code: string, path = "apps/cli/src/a.ts") => checkFiles(fileHeader, { [path]: code });

test("a file opens with what it is, also after a shebang", () => {
  expect(check("/** Adam. Kingma and Ba 2015, arXiv:1412.6980. */\nexport const a = 1;")).toEqual([]);
  expect(check("#!/usr/bin/env node\n/** The command line. */\n")).toEqual([]);
});

test.each(["import x from 'x';\n/** Too late. */", "// Not a doc comment.\n", "/** */\nconst a = 1;", "", "const a = 1; /** x */"])(
  "%j does not",
  (code) => {
    expect(check(code)[0]).toMatch(/^error apps\/cli\/src\/a.ts:1 expected the file to open with \/\*\* what it is/);
  },
);

test("tests say what they are by their names", () => {
  expect(check("test();", "apps/cli/src/a.test.ts")).toEqual([]);
});
