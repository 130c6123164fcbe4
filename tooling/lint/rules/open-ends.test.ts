import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { openEnds } from "./open-ends.ts";

const check = (code: string) => checkFiles(openEnds, { "apps/cli/src/a.ts": code });
// Written in two pieces, so that this file passes its own rule.
const todo = "TO" + "DO";

test.each([`// ${todo}: faster`, `/**\n * ${todo} shapes\n */`, `f(); // FIX${"ME"} leaks`])("%j is an open end", (code) => {
  expect(check(`const a = 1;\n${code}`)[0]).toMatch(/^error apps\/cli\/src\/a.ts:[23] expected an issue number beside/);
});

test.each([`// ${todo} (#12): faster`, `// ${todo}, issue 12`, `const s = "// ${todo}";`, "// to do"])("%j is none", (code) => {
  expect(check(code)).toEqual([]);
});
