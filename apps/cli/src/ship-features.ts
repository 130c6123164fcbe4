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
import { commandLine, modelName, readRunFile } from "./run-file.ts";

const cli = fileURLToPath(new URL("./main.ts", import.meta.url));
const weights = fileURLToPath(new URL("../../../packages/gan/weights/", import.meta.url));
const dataOf: Readonly<Record<string, string>> = { "features-mnist": "mnist", "features-fashion": "fashion-mnist" };

for (const folder of process.argv.slice(2)) {
  const run = await readRunFile(folder);
  const data = dataOf[run.recipe.name];
  if (data === undefined) throw new DlError(`${folder}: expected a run of ${Object.keys(dataOf).join(" or ")}, got ${run.recipe.name}.`);
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
