/** Reads the workspace from disk. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Workspace, workspaceOf } from "./workspace.ts";

/** The root of this repository, wherever the tool was started. */
export const repositoryRoot: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Folders that hold nothing written by hand. */
const skipped = new Set(["node_modules", "dist", "generated", "fixtures", "runs"]);
const read = /\.(tsx?|md)$|(^|\/)(package\.json|LICENSE)$/;

/** Every source, manifest, licence and Markdown file below `root`. */
export function readWorkspace(root: string = repositoryRoot): Workspace {
  const files = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name) && !(entry.name.startsWith(".") && entry.name !== ".changeset")) walk(path);
      } else if (read.test(path)) {
        files.set(path, readFileSync(join(root, path), "utf8"));
      }
    }
  };
  walk("");
  return workspaceOf(files);
}
