/** A Python that has the module a peer needs: the one `DL_PYTHON` names, or the first on the path. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export type Python = { readonly file: string } | { readonly reason: string };

const found = new Map<string, Promise<Python>>();

/** Looks once for each module. `variable` names the environment variable that is asked before `DL_PYTHON`. */
export function findPython(module = "torch", variable = "DL_PYTHON"): Promise<Python> {
  const known = found.get(module) ?? search(module, variable);
  found.set(module, known);
  return known;
}

async function search(module: string, variable: string): Promise<Python> {
  const named = process.env[variable] || process.env.DL_PYTHON;
  // A named Python is meant: another one would answer another question.
  const candidates = named ? [named] : ["python3", "python"];
  const reasons: string[] = [];
  for (const file of candidates) {
    try {
      await run(file, ["-c", `import importlib.util, sys; sys.exit(importlib.util.find_spec('${module}') is None)`]);
      return { file };
    } catch (error) {
      reasons.push(`${file} ${(error as { code?: unknown }).code === "ENOENT" ? "is not there" : `has no ${module}`}`);
    }
  }
  return { reason: `${reasons.join(", ")}; set ${variable} to a Python with ${module}` };
}
