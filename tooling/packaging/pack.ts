/** Builds every package afresh and packs each into a tarball, as publishing does. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../workspace/workspace.ts";
import { runCommand } from "./run-command.ts";

export interface PackOptions {
  readonly root: string;
  /** Where the tarballs go. */
  readonly folder: string;
  readonly pnpm: readonly [string, ...string[]];
}

/** Tarball paths by package name. Old `dist` folders are removed first: files of deleted sources must not be published. */
export async function pack(projects: readonly Project[], { root, folder, pnpm }: PackOptions): Promise<Map<string, string>> {
  for (const project of projects) rmSync(join(root, project.folder, "dist"), { recursive: true, force: true });
  await runCommand([...pnpm, "exec", "turbo", "run", "build", "--filter=./packages/*", "--output-logs=errors-only"], { cwd: root });
  const tarballs = new Map<string, string>();
  for (const { folder: source, manifest } of projects) {
    const target = join(folder, source);
    mkdirSync(target, { recursive: true });
    await runCommand([...pnpm, "pack", "--pack-destination", target], { cwd: join(root, source) });
    const tarball = readdirSync(target).find((name) => name.endsWith(".tgz"));
    if (tarball === undefined) throw new Error(`pack: expected a tarball of ${manifest.name} in ${target}, got none.`);
    tarballs.set(manifest.name, join(target, tarball));
  }
  return tarballs;
}

/** A package and everything of ours that it stands on. */
export function withDependencies(names: readonly string[], projects: readonly Project[]): string[] {
  const all = new Set(names);
  for (const name of all) {
    const { dependencies, peerDependencies } = projects.find((project) => project.manifest.name === name)?.manifest ?? {};
    for (const next of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (projects.some((project) => project.manifest.name === next)) all.add(next);
    }
  }
  return [...all].sort();
}
