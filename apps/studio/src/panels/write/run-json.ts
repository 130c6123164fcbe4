/** `run.json` of a language model: what `dl` reads, and under `studio` what this panel needs beside it. */

import { DataError } from "@dl/core";
import type { RunFiles } from "../../engine/protocol.ts";
import { checkedValues } from "../../settings/checked-values.ts";
import { type ValuesOf, whole } from "../../settings/schema.ts";
import { storedRun } from "../../storage/stored-run.ts";
import type { WriteSettings } from "./contract.ts";
import { type WriteForm, writeSchema } from "./schema.ts";

/** With what no form asks for: the rank is the adapter card's. */
const stored = { ...writeSchema, rank: whole("Rank", { initial: 0, minimum: 0, maximum: 64 }) };

/**
 * What a run of this panel, or of `dl train gpt-shakespeare`, was trained with, and those of its files that can be used here.
 *
 * @param form  What a run of `dl train` is trained on with.
 * @throws DataError for a file that is damaged, of a run that no panel knows, or with settings that make no sense.
 */
export function readWriteRun(files: RunFiles, form: ValuesOf<WriteForm>): { readonly settings: WriteSettings; readonly usable: RunFiles } {
  const run = storedRun<{ format?: unknown; recipe?: unknown; studio?: { panel?: unknown; settings?: unknown } }>(files);
  const isOurs = run?.studio?.panel === "write";
  if (run?.format !== "dl-run-1" || (!isOurs && run.recipe !== "gpt-shakespeare") || !files["config.json"] || !files["tokenizer.json"]) {
    throw new DataError(
      `run.json: this panel opens its own runs, and those of gpt-shakespeare with their config.json and tokenizer.json; got ${String(run?.recipe)}.`,
    );
  }
  // A checkpoint of dl train counts other batches: its weights are used, and trained on from there.
  const { "checkpoint.safetensors": _, ...weights } = files;
  if (!isOurs) return { settings: { ...form, text: "shakespeare", size: "nano", rank: 0 }, usable: weights };
  const settings = checkedValues(stored, run.studio!.settings, { file: "run.json" });
  if (settings.rank > 0 && !(files["adapter_config.json"] && files["adapter_model.safetensors"])) {
    throw new DataError(
      "run.json: this run is an adapter, expected its adapter_config.json and adapter_model.safetensors, got neither or one.",
    );
  }
  return { settings, usable: files };
}
