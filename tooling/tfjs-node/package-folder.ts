/** Where @tensorflow/tfjs-node is installed, and where its addon belongs. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { repositoryRoot } from "../workspace/read-workspace.ts";
import { Problem } from "./problem.ts";

export interface AddonPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** Where the package looks for its addon. */
  readonly addon: string;
  /** The command of its own installation: downloads TensorFlow and the addon. */
  readonly install: string;
}

/** `wanted` is a folder, or a name that packages/backend-tfjs resolves. */
export function addonPackage(wanted: string): AddonPackage {
  const folder = existsSync(join(resolve(wanted), "package.json")) ? realpathSync(resolve(wanted)) : installedFolder(wanted);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    scripts?: { install?: string };
    binary?: { module_path?: string; napi_versions?: number[] };
  };
  const { module_path: path, napi_versions: versions = [] } = manifest.binary ?? {};
  const fitting = versions.filter((version) => version <= Number(process.versions.napi));
  if (path === undefined || fitting.length === 0 || !existsSync(join(folder, "binding", "tfjs_binding.cc"))) {
    throw new Problem(
      `${folder}: expected @tensorflow/tfjs-node or -gpu with the sources of its addon, got ${manifest.name} ${manifest.version}.`,
    );
  }
  return {
    name: manifest.name,
    version: manifest.version,
    folder,
    addon: join(folder, path.replace("{napi_build_version}", String(Math.max(...fitting))), "tfjs_binding.node"),
    install: manifest.scripts?.install ?? "node scripts/install.js",
  };
}

function installedFolder(name: string): string {
  const from = createRequire(join(repositoryRoot, "packages", "backend-tfjs", "package.json"));
  try {
    return dirname(realpathSync(from.resolve(`${name}/package.json`)));
  } catch {
    throw new Problem(`${name}: expected it in node_modules, or a folder of that name, got neither. Run pnpm install first.`);
  }
}
