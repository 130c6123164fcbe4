/** What is imported is declared, what is declared is imported, and packages meet each other by name. */
import { posix } from "node:path";
import { packageOf } from "../../workspace/imports.ts";
import { lineAt, lineOf, type Project, type Source, type Workspace } from "../../workspace/workspace.ts";
import type { Finding, Rule } from "../rule.ts";

export const declaredDependencies: Rule = {
  name: "declared-dependencies",
  *check(workspace) {
    const root = workspace.projects.find((project) => project.folder === ".");
    const shared = Object.keys({ ...root?.manifest.dependencies, ...root?.manifest.devDependencies });
    for (const project of workspace.projects) {
      for (const source of project.sources) {
        yield* checkSpecifiers(source, { project, shared });
        yield* checkRelative(source, project);
      }
      if (project.isPackage && project.sources.length > 0) yield* checkUnused(workspace, project);
    }
  },
};

function* checkSpecifiers(source: Source, { project, shared }: { project: Project; shared: readonly string[] }): Iterable<Finding> {
  const { name: own, dependencies, peerDependencies, optionalDependencies, devDependencies } = project.manifest;
  const published = { ...dependencies, ...peerDependencies, ...optionalDependencies };
  // Only what ships must be declared for users; tests, apps and tools may also use what the root brings for everyone.
  const ships = project.isPackage && !source.isTest && source.path.startsWith(`${project.folder}/src/`);
  const allowed = ships ? Object.keys(published) : [...Object.keys({ ...published, ...devDependencies }), ...shared];
  for (const { specifier, position } of source.imports) {
    const name = packageOf(specifier);
    if (name === undefined || name === own || allowed.includes(name)) continue;
    const field = ships ? "dependencies" : "devDependencies";
    yield {
      file: source.path,
      line: lineAt(source, position),
      message: `expected an import that ${posix.join(project.folder, "package.json")} declares, got ${name}. Add it to "${field}" ("workspace:^" for ours, "catalog:" for others), or do without it.`,
    };
  }
}

function* checkRelative(source: Source, project: Project): Iterable<Finding> {
  if (project.folder === ".") return;
  for (const { specifier, position } of source.imports) {
    if (!specifier.startsWith(".")) continue;
    const target = posix.join(posix.dirname(source.path), specifier);
    if (target.startsWith(`${project.folder}/`)) continue;
    yield {
      file: source.path,
      line: lineAt(source, position),
      message: `expected relative imports to stay inside ${project.folder}/, got ${specifier}. Import the other project by its name, such as "@dl/core".`,
    };
  }
}

function* checkUnused(workspace: Workspace, project: Project): Iterable<Finding> {
  const imported = new Set<string | undefined>();
  for (const source of project.sources) {
    if (!source.isTest) for (const { specifier } of source.imports) imported.add(packageOf(specifier));
  }
  for (const name of Object.keys({ ...project.manifest.dependencies, ...project.manifest.optionalDependencies })) {
    if (imported.has(name)) continue;
    const file = `${project.folder}/package.json`;
    yield {
      file,
      line: lineOf(workspace, { file, needle: `"${name}"` }),
      message: `expected every dependency to be imported, got ${name}, which no source but perhaps a test imports. Remove it, or move it to "devDependencies".`,
    };
  }
}
