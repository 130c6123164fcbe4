/** A Python that has PyTorch: the one `DL_PYTHON` names, or the first on the path. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export type Python = { readonly file: string } | { readonly reason: string };

let found: Promise<Python> | undefined;

/** Looks once. */
export function findPython(): Promise<Python> {
  found ??= search();
  return found;
}

async function search(): Promise<Python> {
  const named = process.env.DL_PYTHON;
  // A named Python is meant: another one would answer another question.
  const candidates = named ? [named] : ["python3", "python"];
  const reasons: string[] = [];
  for (const file of candidates) {
    try {
      await run(file, ["-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"]);
      return { file };
    } catch (error) {
      reasons.push(`${file} ${(error as { code?: unknown }).code === "ENOENT" ? "is not there" : "has no torch"}`);
    }
  }
  return { reason: `${reasons.join(", ")}; set DL_PYTHON to a Python with torch` };
}
