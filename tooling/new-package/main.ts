/** `pnpm new-package <name> "<description>"`: makes a package that lints, type-checks, tests, builds and packs at once. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pnpmCommand } from "../packaging/run-command.ts";
import { repositoryRoot } from "../workspace/read-workspace.ts";
import { packageFiles } from "./package-files.ts";
import { problemWith } from "./problem-with.ts";

const [name = "", description = ""] = process.argv.slice(2);
const at = (path: string): string => join(repositoryRoot, path);
const problem = problemWith({ name, description, exists: existsSync(at(`packages/${name}`)) });
if (problem !== undefined) {
  console.error(`new-package: ${problem}\nUsage: pnpm new-package <name> "<description>"`);
  process.exit(1);
}

interface RootManifest {
  readonly engines: Record<string, string>;
  readonly packageManager: string;
}
const { engines, packageManager } = JSON.parse(readFileSync(at("package.json"), "utf8")) as RootManifest;
const license = readFileSync(at("LICENSE"), "utf8");
for (const [path, text] of packageFiles({ name, description, license, engines })) {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
  console.log(`wrote ${path}`);
}

// The examples in TSDoc and READMEs run from tooling/, which therefore knows every package.
const tooling = JSON.parse(readFileSync(at("tooling/package.json"), "utf8")) as { devDependencies: Record<string, string> };
const dependencies = Object.entries({ ...tooling.devDependencies, [`@dl/${name}`]: "workspace:^" }).sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(
  at("tooling/package.json"),
  `${JSON.stringify({ ...tooling, devDependencies: Object.fromEntries(dependencies) }, null, 2)}\n`,
);

const [file, ...args] = [...pnpmCommand(packageManager), "install", "--no-frozen-lockfile"];
const shell = process.platform === "win32" && file !== process.execPath;
const { status } = spawnSync(file ?? "npx", args, { cwd: repositoryRoot, stdio: "inherit", shell });
if (status !== 0) process.exit(status ?? 1);
console.log(`
@dl/${name} stands. Next:
  1. Put its first idea in the place of packages/${name}/src/swish.ts, and say it in README.md and .changeset/new-${name}.md.
  2. If it stands on more than @dl/core, say so in its package.json and in tooling/lint/rules/arrows.ts.
  3. pnpm lint && pnpm typecheck && pnpm test && pnpm check:packages @dl/${name}`);
