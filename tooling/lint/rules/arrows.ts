/** The arrows of DESIGN.md: which of our packages a package may stand on. They may not turn round. */
import { packageOf } from "../../workspace/imports.ts";
import { lineAt, lineOf, type Project, type Workspace } from "../../workspace/workspace.ts";
import type { Finding, Rule } from "../rule.ts";

const middle = ["core", "nn", "data", "metrics"];

/** What each package may import. A package that is not listed may import core. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  train: middle,
  cnn: middle,
  gan: [...middle, "train"],
  explain: [...middle, "train"],
  compress: [...middle, "train"],
  privacy: [...middle, "train"],
  export: ["core", "nn"],
  transformer: middle,
  rl: middle,
  nas: [...middle, "train", "cnn"],
};

const advice =
  "Move what both need down the arrows (DESIGN.md, Layout); backends are imported by apps, examples, benches and tests alone, so take a device or a backend as an argument.";

export const arrows: Rule = {
  name: "arrows",
  *check(workspace) {
    for (const project of workspace.projects) {
      if (!project.isPackage) continue;
      yield* checkManifest(workspace, project);
      yield* checkImports(workspace, project);
    }
    yield* checkCycles(workspace);
  },
};

/** Names of the workspace's packages that `project` may depend on. */
export function allowedFor(project: Project): string[] {
  const own = project.folder.slice("packages/".length);
  return (mayImport[own] ?? ["core"]).map((name) => `@dl/${name}`);
}

function* checkManifest(workspace: Workspace, project: Project): Iterable<Finding> {
  const allowed = allowedFor(project);
  const { dependencies, peerDependencies, optionalDependencies } = project.manifest;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })) {
    if (!isOurs(workspace, name) || allowed.includes(name)) continue;
    const file = `${project.folder}/package.json`;
    yield {
      file,
      line: lineOf(workspace, { file, needle: `"${name}"` }),
      message: `expected ${project.manifest.name} to depend on ${list(allowed)}, got ${name}. ${advice}`,
    };
  }
}

function* checkImports(workspace: Workspace, project: Project): Iterable<Finding> {
  const allowed = [...allowedFor(project), project.manifest.name];
  for (const source of project.sources) {
    if (source.isTest) continue;
    for (const { specifier, position } of source.imports) {
      const name = packageOf(specifier);
      if (name === undefined || !isOurs(workspace, name) || allowed.includes(name)) continue;
      yield {
        file: source.path,
        line: lineAt(source, position),
        message: `expected ${project.manifest.name} to import ${list(allowedFor(project))}, got ${name}. ${advice}`,
      };
    }
  }
}

/** Development dependencies count too: turbo refuses to build a cycle of any kind. */
function* checkCycles(workspace: Workspace): Iterable<Finding> {
  const byName = new Map(workspace.projects.map((project) => [project.manifest.name, project]));
  const done = new Set<string>();
  const find = (name: string, path: readonly string[]): readonly string[] | undefined => {
    const at = path.indexOf(name);
    if (at >= 0) return [...path.slice(at), name];
    if (done.has(name)) return undefined;
    const { dependencies, peerDependencies, optionalDependencies, devDependencies } = byName.get(name)?.manifest ?? {};
    for (const next of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies, ...devDependencies })) {
      const cycle = byName.has(next) ? find(next, [...path, name]) : undefined;
      if (cycle !== undefined) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const { manifest, folder } of workspace.projects) {
    const cycle = find(manifest.name, []);
    if (cycle === undefined) continue;
    for (const name of cycle) done.add(name);
    const file = folder === "." ? "package.json" : `${folder}/package.json`;
    yield {
      file,
      line: 1,
      message: `expected no cycle of dependencies, got ${cycle.join(" → ")}. Take the arrow that only tests need out of the package, and put that dependency into the devDependencies of the root package.json: tests find it there.`,
    };
  }
}

function isOurs(workspace: Workspace, name: string): boolean {
  return workspace.projects.some((project) => project.manifest.name === name);
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none of our packages" : `nothing of ours but ${names.join(", ")}`;
}
