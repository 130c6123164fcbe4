import { expect, test } from "vitest";
import { countTests } from "./count-tests.ts";

const file = (status: string, ...tests: string[]) => ({ name: "x.test.ts", status, assertionResults: tests.map((status) => ({ status })) });

test("tests are counted over all files; skipped ones count as nothing", () => {
  expect(countTests({ testResults: [file("passed", "passed", "passed"), file("failed", "passed", "failed", "skipped")] })).toEqual({
    passed: 3,
    failed: 1,
  });
});

test("a file that does not load is one failure", () => {
  expect(countTests({ testResults: [file("passed", "passed"), file("failed")] })).toEqual({ passed: 1, failed: 1 });
});

test("a run without tests is a failure, not a success", () => {
  expect(countTests({ testResults: [] })).toEqual({ passed: 0, failed: 1 });
});
