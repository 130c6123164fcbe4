/**
 * The first example of each package's README, for the landing page: as text, and as a module that a worker can run.
 * `virtual:readme-snippets` lists them.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { markdownSnippets } from "@dl/tooling/snippets";
import { type Plugin, transformWithEsbuild } from "vite";

const list = "virtual:readme-snippets";
/** Modules named by the package, with an ending by which esbuild knows TypeScript. */
const prefix = "virtual:readme-snippet/";
const packagesFolder = join(import.meta.dirname, "../../../../packages");

interface PackageReadme {
  readonly name: string;
  readonly summary: string;
  readonly code: string;
  /** Whether it can run in a page: it uses no module of Node, no file and no network. */
  readonly runs: boolean;
}

function readPackages(): PackageReadme[] {
  return readdirSync(packagesFolder)
    .map((folder) => ({ folder, text: readFileSync(join(packagesFolder, folder, "README.md"), "utf8") }))
    .map(({ folder, text }) => {
      const first = markdownSnippets(text, folder)[0];
      // The paragraph under the title.
      const summary = text.split(/\n\s*\n/)[1]?.replaceAll("\n", " ") ?? "";
      const code = first?.code.trim() ?? "";
      return {
        name: `@dl/${folder}`,
        summary,
        code,
        runs: first?.runs === true && !/from "(@dl\/[\w-]+\/node|node:)/.test(code),
      };
    })
    .filter(({ code }) => code !== "");
}

/** The source of `@dl/name` or `@dl/name/entry`, as its package tells it. */
function sourceOf(specifier: string): string | undefined {
  const [, name, entry] = /^@dl\/([\w-]+)(\/.+)?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const folder = join(packagesFolder, name);
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports: Record<string, { "@dl/source"?: string }>;
  };
  const source = exports[`.${entry ?? ""}`]?.["@dl/source"];
  return source === undefined ? undefined : join(folder, source);
}

export function readmeSnippets(): Plugin {
  return {
    name: "studio-readme-snippets",
    resolveId(id, importer) {
      if (id === list || id.startsWith(prefix)) return `\0${id}`;
      if (!importer?.startsWith(`\0${prefix}`)) return undefined;
      // An example may import any of our packages, also one the studio does not depend on.
      return sourceOf(id) ?? this.resolve(id, join(import.meta.dirname, "readme-snippets.ts"), { skipSelf: true });
    },
    async load(id) {
      if (id === `\0${list}`) {
        const packages = readPackages();
        const modules = packages
          .filter(({ runs }) => runs)
          .map(({ name }) => `${JSON.stringify(name)}: () => import(${JSON.stringify(`${prefix}${name}.ts`)})`);
        return `export const readmes = ${JSON.stringify(packages)};\nexport const examples = { ${modules.join(", ")} };`;
      }
      if (!id.startsWith(`\0${prefix}`)) return undefined;
      const name = id.slice(prefix.length + 1, -".ts".length);
      const { code } = readPackages().find((readme) => readme.name === name)!;
      // Vite's own pass leaves out modules that are no files.
      return await transformWithEsbuild(`${code}\nexport {};`, `${name}.ts`, { target: "es2022", loader: "ts", sourcemap: false });
    },
  };
}
