/** `run.json` of a generator: what `dl` reads, and under `studio` what this panel needs beside it. */

import { DataError } from "@dl/core";
import type { RunFiles } from "../../engine/protocol.ts";
import { checkedValues } from "../../settings/checked-values.ts";
import { storedRun } from "../../storage/stored-run.ts";
import type { GenerateSettings, Method } from "./contract.ts";
import { generateSchema } from "./schema.ts";

/** Recipes of `dl train` that this panel knows, by name. */
const recipes: Readonly<Record<string, Method>> = { "dcgan-mnist": "dcgan", "wgan-gp-mnist": "wgan-gp", "ddpm-mnist": "ddpm" };

/** `recipe` is undefined for what `dl train` does not know: it then says so, and the weights can be read all the same. */
export function writeGenerateRun(settings: GenerateSettings, recipe: string | undefined): Uint8Array<ArrayBuffer> {
  const { method, set, size, seed, epochs, batchSize, learningRate, count } = settings;
  const run = {
    format: "dl-run-1",
    recipe: recipe ?? `studio-${method}-${set}-${size}`,
    preset: "default",
    settings: { epochs, batchSize, learningRate, seed, limit: count, backend: "auto", threads: null },
    studio: { panel: "generate", settings },
  };
  return new TextEncoder().encode(`${JSON.stringify(run, null, 2)}\n`);
}

/**
 * What a run of this panel, or of `dl train`, was trained with, and those of its files that can be used here.
 *
 * @throws DataError for a file that is damaged, of a run that no panel knows, or with settings that make no sense.
 */
export function readGenerateRun(files: RunFiles): { readonly settings: GenerateSettings; readonly usable: RunFiles } {
  const run = storedRun<{
    format?: unknown;
    recipe?: unknown;
    preset?: unknown;
    settings?: Readonly<Record<string, unknown>>;
    studio?: { panel?: unknown; settings?: unknown };
  }>(files);
  const method = typeof run?.recipe === "string" && Object.hasOwn(recipes, run.recipe) ? recipes[run.recipe] : undefined;
  const isOurs = run?.studio?.panel === "generate";
  const preset = run?.preset ?? "default";
  if (run?.format !== "dl-run-1" || (!isOurs && (!method || preset !== "default"))) {
    throw new DataError(
      `run.json: this panel opens its own runs, and those of ${Object.keys(recipes).join(", ")} with their default presets; got ${String(run?.recipe)}, preset ${String(preset)}.`,
    );
  }
  const file = "run.json";
  if (isOurs) return { settings: checkedValues(generateSchema, run.studio!.settings, { file }), usable: files };
  const limit = run.settings?.limit ?? Number.POSITIVE_INFINITY;
  const { maximum } = generateSchema.count;
  const count = typeof limit === "number" ? Math.min(limit, maximum) : limit;
  const settings = checkedValues(generateSchema, { ...run.settings, set: "mnist", method, size: "full", count }, { file });
  if (limit === count) return { settings, usable: files };
  // A checkpoint of more images than there are here cannot go on; the generator can be used.
  const { "checkpoint.safetensors": _, ...usable } = files;
  return { settings, usable };
}
