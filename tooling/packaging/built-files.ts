/** What a packed package holds, read as a user gets it: which files, what each imports, and which of them an entry reaches. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { importsOf, isBuiltin, packageOf } from "../workspace/imports.ts";
import type { Manifest } from "../workspace/workspace.ts";

/** File names below `folder`, with `/`, without node_modules. */
export function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(...join(entry.parentPath, entry.name).slice(folder.length).split(/[\\/]/)))
    .map((path) => path.replace(/^\//, ""))
    .filter((path) => !path.startsWith("node_modules/"))
    .sort();
}

/** Files a user has no use for; `weights/` holds trained models that a package ships. */
export function unexpectedFiles(files: readonly string[]): string[] {
  const top = new Set(["package.json", "README.md", "LICENSE", "CHANGELOG.md"]);
  return files.filter(
    (path) => !top.has(path) && (!/^(dist|weights)\//.test(path) || /\.test\.|tsbuildinfo$|\/(fixtures|learning)\//.test(path)),
  );
}

/** Reads the scripts and declarations among `files`. */
export function readScripts(folder: string, files: readonly string[]): Map<string, string> {
  const scripts = files.filter((path) => /\.(js|d\.ts)$/.test(path));
  return new Map(scripts.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

/** Every package a script or declaration imports that the manifest does not declare, as `file: name`. */
export function undeclaredImports(scripts: ReadonlyMap<string, string>, manifest: Manifest): string[] {
  const { name: own, dependencies, peerDependencies, optionalDependencies } = manifest;
  const declared = new Set([own, ...Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })]);
  const found = new Set<string>();
  for (const [path, text] of scripts) {
    for (const specifier of specifiersOf(path, text)) {
      const name = isBuiltin(specifier) ? undefined : packageOf(specifier);
      if (name !== undefined && !declared.has(name)) found.add(`${path}: ${name}`);
    }
  }
  return [...found];
}

/** Scripts that no entry reaches: leftovers of tests or of deleted sources. */
export function unreachedScripts(scripts: ReadonlyMap<string, string>, manifest: Manifest): string[] {
  const entries = Object.values(manifest.exports ?? {}).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  const { files } = reach(scripts, [...entries, ...Object.values(manifest.bin ?? {})]);
  // A declaration belongs to its script: one that is reached brings the other. A module of types alone leaves an empty script, which nothing imports.
  const isEmpty = (path: string): boolean => /^(\/\*[\s\S]*?\*\/\s*)?export \{\};/.test(scripts.get(path)!.trim());
  const isReached = (path: string): boolean => files.has(path) || files.has(path.replace(/\.js$/, ".ts"));
  return [...scripts.keys()].filter((path) => path.endsWith(".js") && !isReached(path) && !isEmpty(path));
}

/** Packages that loading a script loads, by name; of ours and of others. */
export function reachedPackages(scripts: ReadonlyMap<string, string>, entry: string): Set<string> {
  return reach(scripts, [entry]).packages;
}

/** Follows imports and `new URL("./x.js", import.meta.url)` from the entries. */
function reach(scripts: ReadonlyMap<string, string>, entries: readonly string[]): { files: Set<string>; packages: Set<string> } {
  const files = new Set(entries.map((path) => posix.normalize(path)));
  const packages = new Set<string>();
  for (const path of files) {
    const text = scripts.get(path);
    if (text === undefined) continue;
    for (const specifier of [...specifiersOf(path, text), ...urlsOf(text)]) {
      const name = packageOf(specifier);
      if (name !== undefined) packages.add(name);
      if (specifier.startsWith(".")) files.add(posix.join(posix.dirname(path), specifier));
    }
  }
  return { files, packages };
}

function specifiersOf(path: string, text: string): string[] {
  return importsOf(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)).map(({ specifier }) => specifier);
}

/** Every path in `new URL(…, import.meta.url)`, also where it depends on a condition. */
function urlsOf(text: string): string[] {
  const calls = text.matchAll(/new URL\(([^;]*?),\s*import\.meta\.url/g);
  return [...calls].flatMap(([, path = ""]) => [...path.matchAll(/["'`](\.[^"'`]+)["'`]/g)].map(([, url]) => url ?? ""));
}
