/** A package's main entry loads in a browser: no file it reaches by static imports imports a module of Node. */
import { posix } from "node:path";
import { isBuiltin, packageOf } from "../../workspace/imports.ts";
import { lineAt, type Project, type Source, type Workspace } from "../../workspace/workspace.ts";
import type { Finding, Rule } from "../rule.ts";

export const browserClean: Rule = {
  name: "browser-clean",
  *check(workspace) {
    const reported = new Set<string>();
    for (const project of workspace.projects) {
      if (!project.isPackage) continue;
      const entry = entryOf(project, ".");
      if (entry !== undefined) yield* walk(workspace, { entry, reported });
    }
  },
};

/** The source file behind an export of a project, by its `@dl/source` condition. */
function entryOf(project: Project, name: string): string | undefined {
  const target = project.manifest.exports?.[name];
  const path = typeof target === "object" ? target["@dl/source"] : undefined;
  return path === undefined ? undefined : posix.join(project.folder, path);
}

function* walk(workspace: Workspace, { entry, reported }: { entry: string; reported: Set<string> }): Iterable<Finding> {
  const sources = new Map(workspace.projects.flatMap((project) => project.sources).map((source) => [source.path, source]));
  const from = new Map<string, string | undefined>([[entry, undefined]]);
  for (const path of from.keys()) {
    const source = sources.get(path);
    if (source === undefined) continue;
    for (const { specifier, kind, position } of source.imports) {
      if (kind !== "static") continue;
      const line = lineAt(source, position);
      if (isBuiltin(specifier)) {
        // Two packages may reach the same line; one finding is enough.
        if (reported.has(`${path}:${line}`)) continue;
        reported.add(`${path}:${line}`);
        yield {
          file: path,
          line,
          message: `expected what ${entry} loads to run in a browser, got a static import of ${specifier} (${chain(from, path)}). Import it where it is used: \`const { … } = await import("${specifier}")\`, or move the file behind an entry of its own.`,
        };
        continue;
      }
      const next = resolve(workspace, { source, specifier });
      if (next !== undefined && !from.has(next)) from.set(next, path);
    }
  }
}

function resolve(workspace: Workspace, { source, specifier }: { source: Source; specifier: string }): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(source.path), specifier);
  const name = packageOf(specifier);
  const project = workspace.projects.find((candidate) => candidate.manifest.name === name);
  return project === undefined || name === undefined ? undefined : entryOf(project, `.${specifier.slice(name.length)}`);
}

function chain(from: ReadonlyMap<string, string | undefined>, path: string): string {
  const steps = [path];
  for (let step = from.get(path); step !== undefined; step = from.get(step)) steps.unshift(step);
  return steps.map((step) => posix.basename(step)).join(" → ");
}
