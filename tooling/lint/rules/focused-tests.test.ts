import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { focusedTests } from "./focused-tests.ts";

const check = (code: string) =>
  checkFiles(focusedTests, { "packages/nn/package.json": { name: "@dl/nn" }, "packages/nn/src/a.test.ts": code });

test.each(["test.only('a', f);", "describe.only('a', f);", "test.concurrent.only('a', f);", "it.only.each([1])('a', f);"])(
  "%s is found",
  (code) => {
    expect(check(`f();\n${code}`)[0]).toMatch(
      /^error packages\/nn\/src\/a.test.ts:2 expected every test to run, got \w+(\.concurrent)?\.only\./,
    );
  },
);

test.each(["await fit({ epochs: 3 });", "options.only(3);", "const s = 'test.only()'; // test.only()"])("%s is none", (code) => {
  expect(check(code)).toEqual([]);
});
