/** Counts the tests in a JSON report of vitest, for the last line of .ci/run: prints `passed failed`. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** The part of vitest's JSON report that counting needs. */
export interface Report {
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[];
}

/** A file that failed without a failing test (it did not load, or a hook threw) counts as one failure; so does a run without tests. */
export function countTests(report: Report): { passed: number; failed: number } {
  let passed = 0;
  let failed = 0;
  for (const file of report.testResults) {
    const failedHere = file.assertionResults.filter((test) => test.status === "failed").length;
    passed += file.assertionResults.filter((test) => test.status === "passed").length;
    failed += failedHere === 0 && file.status === "failed" ? 1 : failedHere;
  }
  return passed + failed === 0 ? { passed: 0, failed: 1 } : { passed, failed };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { passed, failed } = countTests(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Report);
  console.log(`${passed} ${failed}`);
}
