/** TensorFlow as a Python package holds it: its headers and its two libraries. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { commandOutput } from "./command-output.ts";
import { Problem } from "./problem.ts";

export interface TensorFlowWheel {
  readonly python: string;
  readonly version: string;
  readonly folder: string;
}

const libraries = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"] as const;

/** Asks where TensorFlow is without importing it, which takes seconds and all of its dependencies. */
const question = `
import importlib.metadata, importlib.util, json
spec = importlib.util.find_spec("tensorflow")
names = ["tensorflow", "tensorflow-cpu"]
versions = [d.version for d in importlib.metadata.distributions() if (d.metadata["Name"] or "").lower().replace("_", "-") in names]
print(json.dumps([None if spec is None else spec.submodule_search_locations[0], versions[0] if versions else "unknown"]))
`;

/** The first of the Pythons that has a whole TensorFlow. */
export function findWheel(pythons: readonly string[]): TensorFlowWheel {
  const reasons: string[] = [];
  for (const python of pythons) {
    const { ok, output, reason } = commandOutput(python, ["-c", question]);
    if (!ok) {
      reasons.push(reason.startsWith(python) ? reason : `${python}: ${reason}`);
      continue;
    }
    const [folder, version] = JSON.parse(output) as [string | null, string];
    if (folder === null) {
      reasons.push(`${python} has no tensorflow`);
      continue;
    }
    const missing = [...libraries, "include/tensorflow/c/eager/c_api.h"].filter((file) => !existsSync(join(folder, file)));
    if (missing.length === 0) return { python, version, folder };
    reasons.push(`${python}: TensorFlow ${version} in ${folder} lacks ${missing.join(", ")}`);
  }
  throw new Problem(
    `expected a Python with TensorFlow (pip install tensorflow-cpu; tensorflow[and-cuda] for NVIDIA GPUs), got none: ${reasons.join("; ")}. Name it with --python.`,
  );
}

/** Arguments of the linker for the wheel's libraries, found again at run time by their absolute path. */
export function linkArguments({ folder }: TensorFlowWheel): string[] {
  return [`-L${folder}`, ...libraries.map((name) => `-l:${name}`), `-Wl,-rpath,${folder}`];
}
