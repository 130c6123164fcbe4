/** `run.json` of a search, which only this panel reads. */

import { DataError } from "@dl/core";
import type { RunFiles } from "../../engine/protocol.ts";
import { checkedValues } from "../../settings/checked-values.ts";
import { storedRun } from "../../storage/stored-run.ts";
import type { EvolveSettings } from "./contract.ts";
import { evolveSchema } from "./schema.ts";

/** @throws DataError for a file that is damaged, of another kind, or with settings that make no sense. */
export function readEvolveRun(files: RunFiles): EvolveSettings {
  const run = storedRun<{ studio?: { panel?: unknown; settings?: unknown } }>(files);
  if (run?.studio?.panel !== "evolve") throw new DataError("run.json: this panel opens its own searches only.");
  return checkedValues(evolveSchema, run.studio.settings, { file: "run.json" });
}
