/** Builds the addon of tfjs-node, unchanged, against the TensorFlow of a Python wheel: two files, one call of g++. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { commandOutput } from "./command-output.ts";
import type { AddonPackage } from "./package-folder.ts";
import { Problem } from "./problem.ts";
import { linkArguments, type TensorFlowWheel } from "./tensorflow-wheel.ts";

/** Fails before anything is written when this machine cannot build. */
export function checkCompiler(compiler: string): void {
  if (process.platform !== "linux") {
    throw new Problem(
      `expected Linux, where this build was tried, got ${process.platform}. Use the package's own: npm install @tensorflow/tfjs-node.`,
    );
  }
  const { ok, output, reason } = commandOutput(compiler, ["-dumpfullversion"]);
  if (!ok) throw new Problem(`expected a C++17 compiler, got: ${reason}. Install one (apt-get install g++), or name it with --compiler.`);
  if (Number(output.split(".")[0]) < 9) throw new Problem(`expected g++ 9 or later, which knows C++17, got ${output}.`);
}

/** Takes some fifteen seconds. What stood there before stays until the new one is whole. */
export function buildAddon({ folder, addon }: AddonPackage, { wheel, compiler }: { wheel: TensorFlowWheel; compiler: string }): void {
  const headers = join(dirname(createRequire(import.meta.url).resolve("node-api-headers/package.json")), "include");
  const partial = `${addon}.${process.pid}`;
  mkdirSync(dirname(addon), { recursive: true });
  const { ok, reason } = commandOutput(
    compiler,
    [
      ...["-std=c++17", "-O2", "-fPIC", "-shared", "-w", "-DNAPI_VERSION=8"],
      ...["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(folder, "binding", file)),
      ...[`-I${headers}`, `-I${join(wheel.folder, "include")}`],
      ...linkArguments(wheel),
      ...["-o", partial],
    ],
    { minutes: 10 },
  );
  if (!ok) {
    rmSync(partial, { force: true });
    throw new Problem(`expected the addon to compile against TensorFlow ${wheel.version} in ${wheel.folder}, got: ${reason}`);
  }
  renameSync(partial, addon);
}
