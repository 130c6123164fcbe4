/** `pnpm lint`, second half: the rules of the house that a general linter does not know. Prints findings; exit code 1 on an error. */
import { readWorkspace } from "../workspace/read-workspace.ts";
import type { Finding } from "./rule.ts";
import { rules } from "./rules.ts";

const workspace = readWorkspace();
let errors = 0;
let warnings = 0;
for (const rule of rules) {
  for (const finding of rule.check(workspace)) {
    if (finding.severity === "warning") warnings++;
    else errors++;
    console.log(line(rule.name, finding));
  }
}
const sources = workspace.projects.flatMap((project) => project.sources).length;
console.log(`house rules: ${rules.length} rules, ${sources} files, ${errors} errors, ${warnings} warnings`);
if (errors > 0) process.exitCode = 1;

function line(rule: string, { file, line, message, severity = "error" }: Finding): string {
  return `${file}:${line}: ${severity} [${rule}] ${message}`;
}
