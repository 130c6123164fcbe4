import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readWorkspace, repositoryRoot } from "../workspace/read-workspace.ts";
import { exampleSnippets } from "./example-snippets.ts";
import { markdownSnippets } from "./markdown-snippets.ts";
import { namesFor, namesInside, type Program, programOf } from "./program.ts";

const workspace = readWorkspace();
const generated = join(repositoryRoot, "tooling", "snippets", "generated");
const programs = new Map<string, Program>();

for (const [path, text] of workspace.files) {
  if (!/^(README|ARCHITECTURE|CONTRIBUTING)\.md$|^(packages|apps)\/[^/]+\/README\.md$/.test(path)) continue;
  const project = workspace.projects.find(({ folder }) => folder === dirname(path));
  const names = namesFor(project, workspace.projects);
  for (const snippet of markdownSnippets(text, path)) programs.set(`${path}:${snippet.line}`, programOf(snippet, names));
}
for (const project of workspace.projects.filter(({ isPackage }) => isPackage)) {
  const names = namesFor(project, workspace.projects);
  for (const source of project.sources.filter(({ isTest }) => !isTest)) {
    for (const snippet of exampleSnippets(source))
      programs.set(`${source.path}:${snippet.line}`, programOf(snippet, namesInside(source, names)));
  }
}
const entries = [...programs].map(([name, program], index) => ({ name, program, path: join(generated, `snippet-${index}.ts`) }));
const problems = new Map<string, string[]>();
const home = process.cwd();
const elsewhere = mkdtempSync(join(tmpdir(), "dl-snippets-"));

beforeAll(() => {
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated, { recursive: true });
  for (const { path, program } of entries) writeFileSync(path, program.text);
  typeCheckAll();
  // What an example writes, it writes outside of the repository.
  process.chdir(elsewhere);
  vi.spyOn(console, "log").mockImplementation(() => undefined);
}, 120_000);

afterAll(() => {
  process.chdir(home);
  for (const folder of [generated, elsewhere]) rmSync(folder, { recursive: true, force: true });
});

/** One program for all of them: TypeScript reads the libraries once. */
function typeCheckAll(): void {
  const config = ts.readConfigFile(join(repositoryRoot, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, include: [], files: ["tsconfig.json"] }, ts.sys, repositoryRoot);
  // An example names a value to show it, not to use it, and knows what its arrays hold.
  const declarations = { declaration: false, isolatedDeclarations: false };
  const relaxed = { ...options, ...declarations, noUnusedLocals: false, noUnusedParameters: false, noUncheckedIndexedAccess: false };
  const checked = ts.createProgram({ rootNames: entries.map(({ path }) => path), options: relaxed });
  for (const { name, path, program } of entries) {
    const file = checked.getSourceFile(path);
    const found = [...checked.getSyntacticDiagnostics(file), ...checked.getSemanticDiagnostics(file)].map((diagnostic) => {
      const line = (file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0) - program.linesBefore + program.snippet.line;
      return `${program.snippet.file}:${line}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`;
    });
    problems.set(name, found);
  }
}

for (const { name, path, program } of entries) {
  const runs = program.snippet.runs && program.granted.length === 0;
  test(runs ? name : `${name} (types only)`, async () => {
    expect(problems.get(name)?.join("\n")).toBe("");
    if (runs) await import(path);
  });
}
