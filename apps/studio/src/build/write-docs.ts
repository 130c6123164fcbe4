/** Writes the API documentation of every package, one module an entry, into `generated/api`, from where the build takes it along. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Application, type ProjectReflection } from "typedoc";
import { docsFolder } from "./api-docs.ts";

const repository = join(import.meta.dirname, "../../../..");

/** Entries of the packages by the name they are imported by. */
function entries(): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(join(repository, "packages"))) {
    const source = join(repository, "packages", name, "src");
    for (const [suffix, folder] of [
      ["", ""],
      ["/node", "node"],
      ["/webgpu", "webgpu"],
      ["/box2d", "box2d"],
    ] as const) {
      const file = join(source, folder, "index.ts");
      if (existsSync(file)) found.set(`@dl/${name}${suffix}`, file);
    }
  }
  return found;
}

/** Modules get the names that users import. */
function rename(project: ProjectReflection, names: ReadonlyMap<string, string>): void {
  const byFolder = new Map(
    [...names].map(([name, file]) => [file.slice(`${join(repository, "packages")}/`.length).replace(/\/index\.ts$/, ""), name]),
  );
  for (const module of project.children ?? []) module.name = byFolder.get(module.name) ?? module.name;
  project.children?.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const names = entries();
const app = await Application.bootstrap({
  name: "@dl",
  entryPoints: [...names.values()],
  tsconfig: join(import.meta.dirname, "../../tsconfig.docs.json"),
  readme: join(repository, "README.md"),
  basePath: join(repository, "packages"),
  // `pnpm typecheck` says what is wrong with types; here they are only read.
  skipErrorChecking: true,
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  githubPages: false,
  logLevel: "Error",
});
const project = await app.convert();
if (!project) throw new Error("typedoc could not read the packages; its messages stand above.");
rename(project, names);
await app.generateDocs(project, docsFolder);
console.log(`${names.size} entries documented in ${docsFolder}`);
