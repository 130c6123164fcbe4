/** Every promise a published package makes, checked on its tarball: installed alone, imported, typed, bundled, its README run. */
import { mkdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { installedPackages, markdownSnippets } from "../snippets/markdown-snippets.ts";
import type { Manifest, Project } from "../workspace/workspace.ts";
import { browserBundle } from "./browser-bundle.ts";
import { listFiles, reachedPackages, readScripts, undeclaredImports, unexpectedFiles, unreachedScripts } from "./built-files.ts";
import { withDependencies } from "./pack.ts";
import { runCommand } from "./run-command.ts";
import { typeCheck } from "./type-check.ts";
import { installScripts, userProject } from "./user-project.ts";

export interface CheckContext {
  readonly root: string;
  readonly projects: readonly Project[];
  readonly tarballs: ReadonlyMap<string, string>;
  /** An empty folder for this package's projects. */
  readonly folder: string;
}

export interface PackageReport {
  readonly name: string;
  readonly entries: number;
  readonly files: number;
  readonly tarballBytes: number;
  /** Minified and gzipped, with its dependencies: what a page that imports everything of "." loads. */
  readonly browserBytes: number;
  readonly seconds: number;
  /** `check: what was wrong`, empty when all is well. */
  readonly problems: readonly string[];
}

export async function checkPackage(project: Project, context: CheckContext): Promise<PackageReport> {
  const start = performance.now();
  const { name } = project.manifest;
  const { root, projects, tarballs, folder } = context;
  const tarball = tarballs.get(name) ?? "";
  const problems: string[] = [];
  const alone = join(folder, "alone");
  await userProject(alone, { names: withDependencies([name], projects), tarballs });

  const installed = join(alone, "node_modules", ...name.split("/"));
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
  const files = listFiles(installed);
  const scripts = readScripts(installed, files);
  problems.push(
    ...unexpectedFiles(files).map((path) => `contents: expected dist, weights, README, LICENSE, CHANGELOG and package.json, got ${path}`),
  );
  problems.push(
    ...unreachedScripts(scripts, manifest).map((path) => `contents: expected every script to be reached from an entry, got ${path}`),
  );
  problems.push(...undeclaredImports(scripts, manifest).map((found) => `dependencies: expected declared imports, got ${found}`));
  problems.push(...installScripts(alone).map((path) => `dependencies: expected no script at installation, got one in ${path}`));
  problems.push(...workspaceLeftovers(manifest));

  const entries = entriesOf(manifest, scripts);
  // First what works for everyone; then what asks for a package of the user's own, such as vitest for `./testing`.
  const plain = entries.filter(({ peers }) => peers.length === 0).map(({ specifier }) => specifier);
  const withPeers = entries.filter(({ peers }) => peers.length > 0);
  problems.push(...(await attempt("node", () => checkImports(alone, plain))), ...checkTypes(alone, plain));
  if (withPeers.length > 0) {
    linkPeers(alone, { peers: withPeers.flatMap(({ peers }) => peers), root });
    const specifiers = withPeers.map(({ specifier }) => specifier);
    problems.push(...(await attempt("node", () => checkImports(alone, specifiers))));
  }
  const bundle = await attemptBundle(alone, name);
  problems.push(...bundle.problems);
  problems.push(...(await attempt("publint", () => checkPublint(tarball))));
  problems.push(...(await attempt("attw", () => checkTypesOfTarball(tarball, root))));
  problems.push(...(await attempt("readme", () => checkReadme(project, context))));

  const seconds = (performance.now() - start) / 1000;
  return {
    name,
    entries: entries.length,
    files: files.length,
    tarballBytes: statSync(tarball).size,
    browserBytes: bundle.bytes,
    seconds,
    problems,
  };
}

interface Entry {
  /** What a user imports: `@dl/core/testing`. */
  readonly specifier: string;
  /** Optional peer dependencies that it loads. */
  readonly peers: readonly string[];
}

function entriesOf(manifest: Manifest, scripts: ReadonlyMap<string, string>): Entry[] {
  const optional = Object.entries(manifest.peerDependenciesMeta ?? {}).flatMap(([peer, meta]) => (meta.optional ? [peer] : []));
  return Object.entries(manifest.exports ?? {}).flatMap(([path, target]) => {
    if (typeof target === "string") return [];
    const reached = reachedPackages(scripts, target.default ?? "");
    return [{ specifier: manifest.name + path.slice(1), peers: optional.filter((peer) => reached.has(peer)) }];
  });
}

/** The workspace's own copy stands in for the one a user installs. */
function linkPeers(folder: string, { peers, root }: { peers: readonly string[]; root: string }): void {
  for (const peer of new Set(peers)) {
    const target = join(folder, "node_modules", ...peer.split("/"));
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(realpathSync(join(root, "node_modules", peer)), target, "junction");
  }
}

async function attempt(check: string, work: () => Promise<string[]>): Promise<string[]> {
  try {
    return (await work()).map((problem) => `${check}: ${problem}`);
  } catch (error) {
    return [`${check}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function workspaceLeftovers({ dependencies, peerDependencies, optionalDependencies }: Manifest): string[] {
  return Object.entries({ ...dependencies, ...peerDependencies, ...optionalDependencies })
    .filter(([, range]) => /^(workspace|catalog|file|link):/.test(range))
    .map(([name, range]) => `dependencies: expected ${name} at a version, got ${range}`);
}

async function checkImports(folder: string, entries: readonly string[]): Promise<string[]> {
  const script = `for (const entry of ${JSON.stringify(entries)}) {
  const exported = Object.keys(await import(entry));
  if (exported.length === 0) throw new Error(entry + " exports nothing");
}\n`;
  writeFileSync(join(folder, "import.js"), script);
  await runCommand([process.execPath, "import.js"], { cwd: folder, timeoutSeconds: 60 });
  return [];
}

function checkTypes(folder: string, entries: readonly string[]): string[] {
  const file = join(folder, "types.ts");
  const lines = entries.map((entry, index) => `import * as entry${index} from ${JSON.stringify(entry)};\nexport { entry${index} };`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return (["nodenext", "bundler"] as const).flatMap((resolution) => typeCheck(file, { resolution })).map((problem) => `types: ${problem}`);
}

async function attemptBundle(folder: string, name: string): Promise<{ problems: string[]; bytes: number }> {
  const entry = join(folder, "browser.js");
  writeFileSync(entry, `export * from ${JSON.stringify(name)};\n`);
  try {
    const { nodeModules, gzipBytes } = await browserBundle(entry, folder);
    return {
      problems: nodeModules.map((module) => `browser: expected nothing of Node to load with the page, got ${module}`),
      bytes: gzipBytes,
    };
  } catch (error) {
    return { problems: [`browser: ${error instanceof Error ? error.message : String(error)}`], bytes: 0 };
  }
}

async function checkPublint(tarball: string): Promise<string[]> {
  const data = readFileSync(tarball);
  const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, level: "warning", strict: true });
  return messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
}

async function checkTypesOfTarball(tarball: string, root: string): Promise<string[]> {
  const cli = createRequire(import.meta.url)
    .resolve("@arethetypeswrong/cli/package.json")
    .replace("package.json", "dist/index.js");
  await runCommand([process.execPath, cli, tarball, "--profile", "esm-only", "--no-color", "--format", "ascii"], { cwd: root });
  return [];
}

/** The first program of the README, in a project with what the README tells to install. */
async function checkReadme(project: Project, { root, projects, tarballs, folder }: CheckContext): Promise<string[]> {
  const markdown = readFileSync(join(root, project.folder, "README.md"), "utf8");
  const named = installedPackages(markdown);
  if (!named.includes(project.manifest.name))
    return [`expected an install command with ${project.manifest.name}, got ${named.join(" ") || "none"}`];
  const unknown = named.filter((name) => !tarballs.has(name));
  if (unknown.length > 0) return [`expected to install packages of this workspace, got ${unknown.join(" ")}`];
  const [first] = markdownSnippets(markdown, `${project.folder}/README.md`);
  if (first === undefined) return ["expected an example in a ```ts block, got none"];
  const user = join(folder, "readme");
  await userProject(user, { names: withDependencies(named, projects), tarballs });
  const file = join(user, "example.ts");
  writeFileSync(file, first.code);
  const typeRoots = [join(root, "node_modules", "@types")];
  const problems = (["nodenext", "bundler"] as const).flatMap((resolution) => typeCheck(file, { resolution, typeRoots }));
  if (!first.runs || problems.length > 0) return problems;
  // `using` is compiled away for Node 20; types are dropped.
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  writeFileSync(join(user, "example.js"), ts.transpileModule(first.code, { compilerOptions: options }).outputText);
  await runCommand([process.execPath, "example.js"], { cwd: user, timeoutSeconds: 120 });
  return [];
}
