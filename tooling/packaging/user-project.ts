/** An empty project somewhere else, into which tarballs are installed with npm, as a user does. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runCommand } from "./run-command.ts";

/** Makes the project and installs `names` (and nothing else of ours) from their tarballs. */
export async function userProject(
  folder: string,
  { names, tarballs }: { names: readonly string[]; tarballs: ReadonlyMap<string, string> },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const dependencies = names.map((name) => [name, pathToFileURL(tarballs.get(name) ?? "").href]);
  const manifest = { name: "user", version: "1.0.0", private: true, type: "module", dependencies: Object.fromEntries(dependencies) };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  await runCommand(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"], { cwd: folder });
}

/** Installed packages, ours or others', that run a script at installation. */
export function installScripts(folder: string): string[] {
  const lock = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(lock)) return [];
  const { packages } = JSON.parse(readFileSync(lock, "utf8")) as { packages: Record<string, { hasInstallScript?: boolean }> };
  return Object.entries(packages).flatMap(([path, { hasInstallScript }]) => (hasInstallScript ? [path] : []));
}
