/** The form of a package users install: manifest, licence, README with an example, and an index that is a table of contents. */
import ts from "typescript";
import { lineAt, lineOf, type Manifest, type Project, type Workspace } from "../../workspace/workspace.ts";
import type { Finding, Rule } from "../rule.ts";

const files = ["dist", "README.md", "CHANGELOG.md", "LICENSE"];
/** What a package may ship beside its code: trained weights. */
const weights = "weights";
const installScripts = ["preinstall", "install", "postinstall", "prepare", "prepublish"];

export const packageForm: Rule = {
  name: "package-form",
  *check(workspace) {
    for (const project of workspace.projects) {
      if (!project.isPackage) continue;
      yield* checkManifest(workspace, project);
      yield* checkReadme(workspace, project.folder);
      yield* checkIndex(project);
      const licence = workspace.files.get(`${project.folder}/LICENSE`);
      if (licence === undefined || licence !== workspace.files.get("LICENSE")) {
        const got = licence === undefined ? "none" : "another text";
        yield { file: `${project.folder}/LICENSE`, line: 1, message: `expected the root's LICENSE, got ${got}. Copy it.` };
      }
    }
  },
};

function* checkManifest(workspace: Workspace, { folder, manifest }: Project): Iterable<Finding> {
  const file = `${folder}/package.json`;
  const finding = (needle: string, message: string): Finding => ({
    file,
    line: lineOf(workspace, { file, needle: `"${needle}"` }),
    message,
  });
  const expected: [keyof Manifest, unknown][] = [
    ["name", `@dl/${folder.slice("packages/".length)}`],
    ["type", "module"],
    ["license", "MIT"],
    ["sideEffects", false],
    ["files", (manifest.files as readonly string[] | undefined)?.includes(weights) ? ["dist", weights, ...files.slice(1)] : files],
    ["private", undefined],
    ["engines", workspace.projects.find((project) => project.folder === ".")?.manifest.engines],
  ];
  for (const [field, value] of expected) {
    if (JSON.stringify(manifest[field]) === JSON.stringify(value)) continue;
    const want = value === undefined ? `no "${field}"` : `"${field}": ${JSON.stringify(value)}`;
    yield finding(
      field,
      `expected ${want}, got ${JSON.stringify(manifest[field]) ?? "nothing"}. Copy the form of packages/core/package.json.`,
    );
  }
  if ((manifest.description ?? "").length < 10) {
    yield finding(
      "description",
      `expected a "description" of one sentence, got ${JSON.stringify(manifest.description ?? "")}. Say what a user gets.`,
    );
  }
  for (const script of Object.keys(manifest.scripts ?? {})) {
    if (installScripts.includes(script)) {
      yield finding(script, `expected no script that runs at installation, got "${script}". Do the work at build time.`);
    }
  }
  if (manifest.scripts?.build === undefined)
    yield finding("scripts", 'expected a "build" script, got none. Write "build": "tsc -p tsconfig.json".');
  yield* checkVersions(workspace, { manifest, finding });
  yield* checkExports(workspace, { manifest, folder, finding });
}

type Report = (needle: string, message: string) => Finding;

function* checkVersions(workspace: Workspace, { manifest, finding }: { manifest: Manifest; finding: Report }): Iterable<Finding> {
  const ours = new Set(workspace.projects.map((project) => project.manifest.name));
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies", "devDependencies"] as const) {
    for (const [name, range] of Object.entries(manifest[field] ?? {})) {
      // A peer is the user's own copy: any version that works.
      const good = ours.has(name) ? range.startsWith("workspace:") : range.startsWith("catalog:") || field === "peerDependencies";
      if (good) continue;
      const want = ours.has(name) ? "workspace:^" : "catalog:";
      yield finding(
        name,
        `expected ${name} at "${want}", got "${range}". One version for the whole workspace stands in pnpm-workspace.yaml.`,
      );
    }
  }
}

function* checkExports(
  workspace: Workspace,
  { manifest, folder, finding }: { manifest: Manifest; folder: string; finding: Report },
): Iterable<Finding> {
  if (manifest.exports?.["."] === undefined)
    yield finding("exports", 'expected "exports" with ".", got none. Copy them from packages/core.');
  for (const [name, target] of Object.entries(manifest.exports ?? {})) {
    if (typeof target === "string") {
      // A data file, such as ./package.json: nothing to compile.
      if (/\.[cm]?[jt]s$/.test(target))
        yield finding(name, `expected conditions for "${name}", got the string ${target}. Name @dl/source, types and default.`);
      continue;
    }
    const source = target["@dl/source"] ?? "";
    const built = source.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, "");
    const want = { "@dl/source": source, types: `${built}.d.ts`, default: `${built}.js` };
    if (!/^\.\/src\/.*\.ts$/.test(source) || JSON.stringify(target) !== JSON.stringify(want)) {
      yield finding(
        name,
        `expected "${name}" to name @dl/source, types and default, in this order and for the same file, got ${JSON.stringify(target)}. Write {"@dl/source": "./src/x.ts", "types": "./dist/x.d.ts", "default": "./dist/x.js"}.`,
      );
    } else if (!workspace.files.has(`${folder}/${source.slice(2)}`)) {
      yield finding(name, `expected "${name}" to name a file that exists, got ${source}. Write the file, or remove the entry.`);
    }
  }
}

function* checkReadme(workspace: Workspace, folder: string): Iterable<Finding> {
  const file = `${folder}/README.md`;
  const text = workspace.files.get(file);
  if (text === undefined) {
    yield {
      file,
      line: 1,
      message: "expected a README.md, got none. Write what it is, how to install it, one example that runs, and the table of contents.",
    };
  } else if (!/^```ts\b/m.test(text)) {
    yield {
      file,
      line: 1,
      message: "expected one example in a ```ts block, got none. Show the shortest program that does something useful.",
    };
  }
}

function* checkIndex({ folder, sources }: Project): Iterable<Finding> {
  const index = sources.find((source) => source.path === `${folder}/src/index.ts`);
  for (const statement of index?.ast.statements ?? []) {
    if (index === undefined || (ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined)) continue;
    yield {
      file: index.path,
      line: lineAt(index, statement.getStart(index.ast)),
      message: `expected nothing but \`export … from "./file.ts"\`, got ${JSON.stringify(statement.getText(index.ast).slice(0, 60))}. index.ts is a table of contents; give the code a file of its own.`,
    };
  }
}
