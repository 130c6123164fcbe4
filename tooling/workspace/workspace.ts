/** The repository as its tools see it: projects (folders with a package.json) and their TypeScript sources, parsed once. */
import { posix } from "node:path";
import ts from "typescript";
import { type Import, importsOf } from "./imports.ts";

/** The fields of a package.json that the tools read. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly sideEffects?: boolean | readonly string[];
  readonly engines?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>> | string>>;
  readonly scripts?: { readonly build?: string; readonly [name: string]: string | undefined };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** One TypeScript file. */
export interface Source {
  /** From the root of the repository, with `/` on every system. */
  readonly path: string;
  readonly text: string;
  readonly ast: ts.SourceFile;
  readonly imports: readonly Import[];
  /** Tests, what they share (`x-fixture.ts`), and the slow tests in `learning/`: never published. */
  readonly isTest: boolean;
}

export interface Project {
  /** From the root of the repository, such as `packages/nn`; the root itself is `.`. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly sources: readonly Source[];
  /** Whether users install it: everything under `packages/`. */
  readonly isPackage: boolean;
}

export interface Workspace {
  /** Text of every file the tools look at, by path from the root. */
  readonly files: ReadonlyMap<string, string>;
  readonly projects: readonly Project[];
}

/** Builds the workspace from file texts: from disk (`readWorkspace`) or, in tests, from an object literal. */
export function workspaceOf(files: ReadonlyMap<string, string>): Workspace {
  const folders = [...files.keys()].filter((path) => posix.basename(path) === "package.json").map((path) => posix.dirname(path));
  // The longest folder that holds a file owns it.
  folders.sort((a, b) => b.length - a.length);
  const sources = new Map<string, Source[]>(folders.map((folder) => [folder, []]));
  for (const [path, text] of files) {
    if (!/\.tsx?$/.test(path)) continue;
    const folder = folders.find((candidate) => candidate === "." || path.startsWith(`${candidate}/`));
    if (folder !== undefined) sources.get(folder)?.push(sourceOf(path, text));
  }
  const projects = folders.map((folder) => ({
    folder,
    manifest: JSON.parse(files.get(posix.join(folder, "package.json")) ?? "{}") as Manifest,
    sources: sources.get(folder) ?? [],
    isPackage: folder.startsWith("packages/"),
  }));
  projects.sort((a, b) => (a.folder < b.folder ? -1 : 1));
  return { files, projects };
}

/** 1-based line of a position in a source. */
export function lineAt(source: Source, position: number): number {
  return source.ast.getLineAndCharacterOfPosition(position).line + 1;
}

/** Line of the first occurrence of `needle` in a file of the workspace; 1 where it does not occur. */
export function lineOf(workspace: Workspace, { file, needle }: { file: string; needle: string }): number {
  const text = workspace.files.get(file) ?? "";
  const at = text.indexOf(needle);
  return at < 0 ? 1 : text.slice(0, at).split("\n").length;
}

function sourceOf(path: string, text: string): Source {
  const ast = ts.createSourceFile(
    path,
    text,
    { languageVersion: ts.ScriptTarget.Latest, jsDocParsingMode: ts.JSDocParsingMode.ParseNone },
    true,
  );
  return { path, text, ast, imports: importsOf(ast), isTest: /(\.test|-fixture)\.tsx?$|(^|\/)learning\//.test(path) };
}
