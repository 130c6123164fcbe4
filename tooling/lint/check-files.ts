/** For the rules' tests: runs one rule over a workspace written as an object, and gives its findings as printed. */
import { workspaceOf } from "../workspace/workspace.ts";
import type { Rule } from "./rule.ts";

/** Findings as `severity file:line message`. A value that is no string is written as JSON; the root's package.json is added. */
export function checkFiles(rule: Rule, files: Readonly<Record<string, unknown>>): string[] {
  const all = { "package.json": { name: "dl", engines: { node: ">=20.19" } }, LICENSE: "MIT License\n", ...files };
  const texts = Object.entries(all).map(
    ([path, value]) => [path, typeof value === "string" ? value : JSON.stringify(value, null, 2)] as const,
  );
  const findings = [...rule.check(workspaceOf(new Map(texts)))];
  return findings.map(({ severity = "error", file, line, message }) => `${severity} ${file}:${line} ${message}`);
}
