/**
 * Puts a trained feature network into @dl/gan: `pnpm ship:features <run folder> …`.
 *
 * The accuracy that stands beside every score is not taken on trust: the saved model is evaluated again, here and now.
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DlError } from "@dl/core";
import { writeSafetensors } from "@dl/nn";
import { loadSafetensors, writeFileAtomically } from "@dl/nn/node";
import { featuresFashion, featuresMnist } from "./recipes/features-mnist.ts";
import { commandLine, modelName } from "./run.ts";
import { readRunFile } from "./run-file.ts";

const cli = fileURLToPath(new URL("./main.ts", import.meta.url));
const weights = fileURLToPath(new URL("../../../packages/gan/weights/", import.meta.url));
/** Those that are small and that our own recipes are measured with. */
const shipped: readonly string[] = [featuresMnist.name, featuresFashion.name];

for (const folder of process.argv.slice(2)) {
  const run = await readRunFile(folder);
  if (!("data" in run.recipe) || !shipped.includes(run.recipe.name)) {
    throw new DlError(`${folder}: expected a run of ${shipped.join(" or ")}, got ${run.recipe.name}.`);
  }
  const data = run.recipe.data.name;
  const node = ["--conditions=@dl/source", "--import", "tsx", cli, "evaluate", folder, "--json"];
  const told = JSON.parse(execFileSync(process.execPath, node, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })) as {
    readonly metrics: { readonly "test/accuracy": number };
  };
  const accuracy = told.metrics["test/accuracy"];
  const metadata = { data, accuracy: String(accuracy), command: commandLine(run) };
  const path = join(weights, `${data}.safetensors`);
  await writeFileAtomically(path, [writeSafetensors(await loadSafetensors(join(folder, modelName)), { metadata })]);
  console.log(`${path}: ${(100 * accuracy).toFixed(2)} %`);
}
