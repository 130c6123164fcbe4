/** `run.json` of a classifier: what `dl` reads, and under `studio` what this panel needs beside it. */

import { DataError } from "@dl/core";
import type { RunFiles } from "../../engine/protocol.ts";
import { checkedValues } from "../../settings/checked-values.ts";
import type { ValuesOf } from "../../settings/schema.ts";
import { storedRun } from "../../storage/stored-run.ts";
import type { ClassifySettings, NetworkName } from "./contract.ts";
import { type ClassifyForm, classifySchema } from "./schema.ts";

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
export function writeRunJson(
  settings: ClassifySettings,
  { recipe, classNames }: { readonly recipe: string | undefined; readonly classNames: readonly string[] },
): Uint8Array<ArrayBuffer> {
  const { seed, epochs, batchSize, learningRate, count } = settings;
  const run = {
    format,
    recipe: recipe ?? `studio-${settings.network}`,
    preset: "default",
    settings: { epochs, batchSize, learningRate, seed, limit: count, backend: "auto", threads: null },
    // Of one's own pictures nothing else tells what the outputs mean.
    studio: { panel: "classify", settings, ...(settings.set === "folder" && { classNames }) },
  };
  return new TextEncoder().encode(`${JSON.stringify(run, null, 2)}\n`);
}

export interface StoredClassifier {
  readonly settings: ValuesOf<ClassifyForm>;
  /** Images it was trained on, which may be more than there are here; infinite for all of the set. */
  readonly images: number;
  /** What it tells apart, of a run on the user's own pictures. */
  readonly classNames: readonly string[] | undefined;
}

/**
 * The settings of a run of this panel or of `dl train`.
 *
 * @throws DataError for a file that is damaged, of a run that no panel knows, or with settings that make no sense.
 */
export function readRunJson(files: RunFiles): StoredClassifier {
  const run = storedRun<{
    format?: unknown;
    recipe?: unknown;
    preset?: unknown;
    settings?: Readonly<Record<string, unknown>>;
    studio?: { panel?: unknown; settings?: unknown; classNames?: unknown };
  }>(files);
  if (run?.format !== format)
    throw new DataError(`run.json: expected a run (format ${format}), got format ${JSON.stringify(run?.format)}.`);
  const file = "run.json";
  if (run.studio?.panel === "classify") {
    const settings = checkedValues(classifySchema, run.studio.settings, { file });
    const { classNames } = run.studio;
    return { settings, images: settings.count, classNames: Array.isArray(classNames) ? classNames.map(String) : undefined };
  }
  const known = typeof run.recipe === "string" && Object.hasOwn(recipes, run.recipe) ? recipes[run.recipe] : undefined;
  if (!known || (run.preset !== undefined && run.preset !== "default")) {
    throw new DataError(
      `run.json: this panel opens runs of ${Object.keys(recipes).join(", ")} with their default presets, got ${String(run.recipe)}.`,
    );
  }
  const limit = run.settings?.limit ?? Number.POSITIVE_INFINITY;
  const count = typeof limit === "number" ? Math.min(limit, classifySchema.count.maximum) : limit;
  return {
    settings: checkedValues(classifySchema, { ...run.settings, ...known, layers: "", count }, { file }),
    images: limit as number,
    classNames: undefined,
  };
}
