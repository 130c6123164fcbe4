import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repositoryRoot } from "../workspace/read-workspace.ts";

const keyword = "export default";
const cases: [code: string, rule: string][] = [
  ["export const a: any = 1;", "noExplicitAny"],
  ["export const a = JSON.parse('1') as any;", "noExplicitAny"],
  ["// @ts-ignore\nexport const a: string = 1;", "noTsIgnore"],
  ["describe.skip('a', () => {});", "noSkippedTests"],
  [`${keyword} 1;`, "noDefaultExport"],
  ["export enum A { B }", "noEnum"],
  ["export namespace A { export const b = 1; }", "noNamespace"],
  ["import { A } from './a.ts';\nexport const a = (): A => 1;", "useImportType"],
  ["test('ordinary code passes', () => {});", "none"],
];

const folder = mkdtempSync(join(tmpdir(), "dl-biome-"));
const reported = new Map<string, string>();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// One run over a file for each case, with the repository's own rules; only its ties to git are cut.
beforeAll(() => {
  const { linter } = JSON.parse(readFileSync(join(repositoryRoot, "biome.json"), "utf8")) as { linter: unknown };
  writeFileSync(join(folder, "biome.json"), JSON.stringify({ linter }));
  for (const [index, [code]] of cases.entries()) writeFileSync(join(folder, `case-${index}.test.ts`), `${code}\n`);
  const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
  const args = [biome, "lint", "--diagnostic-level=error", "--reporter=github", "--max-diagnostics=none", "."];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  for (const line of stdout.split("\n")) {
    const [, rule = "", index = ""] = /title=lint\/\w+\/(\w+),file=.*case-(\d+)\.test\.ts/.exec(line) ?? [];
    if (rule !== "") reported.set(cases[Number(index)]?.[0] ?? "", rule);
  }
});

test.each(cases)("%j: %s", (code, rule) => {
  expect(reported.get(code) ?? "none").toBe(rule);
});
