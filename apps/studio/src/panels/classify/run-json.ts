/** `run.json` of a classifier: what `dl` reads, and under `studio` what this panel needs beside it. */

import { DataError } from "@dl/core";
import type { RunFiles } from "../../engine/protocol.ts";
import { storedRun } from "../../storage/stored-run.ts";
import type { ClassifySettings, NetworkName } from "./contract.ts";

/** The format of `dl train`. */
const format = "dl-run-1";

/** Recipes of `dl train` that this panel knows, by name. */
const recipes: Readonly<Record<string, { readonly set: string; readonly network: NetworkName }>> = {
  "lenet-mnist": { set: "mnist", network: "lenet" },
  "lenet-cifar10": { set: "cifar", network: "lenet" },
  "conv-fashion-mnist": { set: "fashion", network: "vgg" },
  "keras-cnn-cifar10": { set: "cifar", network: "keras" },
};

/** `recipe` is undefined for a network that `dl train` does not know: it then says so, and the weights can be read all the same. */
export function writeRunJson(settings: ClassifySettings, recipe: string | undefined): Uint8Array<ArrayBuffer> {
  const { seed, epochs, batchSize, learningRate, count } = settings;
  const run = {
    format,
    recipe: recipe ?? `studio-${settings.network}`,
    preset: "default",
    settings: { epochs, batchSize, learningRate, seed, limit: count, backend: "auto", threads: null },
    studio: { panel: "classify", settings },
  };
  return new TextEncoder().encode(`${JSON.stringify(run, null, 2)}\n`);
}

/**
 * The settings of a run of this panel or of `dl train`.
 *
 * @throws DataError for a file that is damaged, or of a run that no panel knows.
 */
export function readRunJson(files: RunFiles): ClassifySettings {
  const run = storedRun<{
    format?: unknown;
    recipe?: unknown;
    preset?: unknown;
    settings?: Partial<Record<string, number | null>>;
    studio?: { panel?: unknown; settings?: unknown };
  }>(files);
  if (run?.format !== format)
    throw new DataError(`run.json: expected a run (format ${format}), got format ${JSON.stringify(run?.format)}.`);
  if (run.studio?.panel === "classify") return checked(run.studio.settings);
  const known = typeof run.recipe === "string" && Object.hasOwn(recipes, run.recipe) ? recipes[run.recipe] : undefined;
  if (!known || (run.preset !== undefined && run.preset !== "default")) {
    throw new DataError(
      `run.json: this panel opens runs of ${Object.keys(recipes).join(", ")} with their default presets, got ${String(run.recipe)}.`,
    );
  }
  const { epochs, batchSize, learningRate, seed, limit } = run.settings ?? {};
  return checked({ ...known, layers: "", epochs, batchSize, learningRate, seed, count: limit ?? Number.POSITIVE_INFINITY });
}

function checked(value: unknown): ClassifySettings {
  const settings = value as ClassifySettings;
  const numbers = [settings?.epochs, settings?.batchSize, settings?.learningRate, settings?.seed, settings?.count];
  const words = [settings?.set, settings?.network, settings?.layers];
  if (!numbers.every((number) => typeof number === "number" && number >= 0) || !words.every((word) => typeof word === "string")) {
    throw new DataError("run.json: expected the settings of a training, got others. Was it edited?");
  }
  return settings;
}
