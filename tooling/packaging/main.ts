/** `pnpm check:packages`: packs every package and checks each as its users meet it. Prints a table and one closing line; exit code 1 on a problem. */
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWorkspace, repositoryRoot } from "../workspace/read-workspace.ts";
import { checkPackage, type PackageReport } from "./check-package.ts";
import { pack } from "./pack.ts";
import { pnpmCommand } from "./run-command.ts";

const only = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const { packageManager } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as { packageManager: string };
const projects = readWorkspace().projects.filter((project) => project.isPackage);
const chosen = projects.filter(({ manifest }) => only.length === 0 || only.includes(manifest.name));
const unknown = only.find((name) => !projects.some(({ manifest }) => manifest.name === name));
if (unknown !== undefined) throw new Error(`check:packages: expected names of packages such as @dl/core, got ${unknown}.`);
const folder = realpathSync(mkdtempSync(join(tmpdir(), "dl-packages-")));
const start = performance.now();
try {
  const tarballs = await pack(projects, { root: repositoryRoot, folder, pnpm: pnpmCommand(packageManager) });
  console.log(`built and packed ${projects.length} packages in ${seconds(performance.now() - start)}`);
  const reports = await inPairs(chosen, (project) =>
    checkPackage(project, { root: repositoryRoot, projects, tarballs, folder: join(folder, "users", project.folder) }),
  );
  console.log(table(reports));
  for (const { name, problems } of reports) for (const problem of problems) console.log(`\n${name}\n  ${problem.replaceAll("\n", "\n  ")}`);
  const failed = reports.filter(({ problems }) => problems.length > 0).length;
  console.log(`packages: ${reports.length - failed} passed, ${failed} failed, in ${seconds(performance.now() - start)}`);
  if (failed > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Two at a time: one waits for npm while the other computes. */
async function inPairs<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all([worker(), worker()]);
  return results;
}

function table(reports: readonly PackageReport[]): string {
  const rows = reports.map(({ name, entries, files, tarballBytes, browserBytes, seconds: time, problems }) => [
    name,
    String(entries),
    String(files),
    kilobytes(tarballBytes),
    kilobytes(browserBytes),
    `${time.toFixed(1)} s`,
    problems.length === 0 ? "ok" : `${problems.length} problems`,
  ]);
  const all = [["package", "entries", "files", "tarball", "browser, gzip", "time", "result"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(0)} s`;
}
