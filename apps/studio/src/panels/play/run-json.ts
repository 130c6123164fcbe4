/** `run.json` of an agent, as `dl train` writes it. */

import { DataError } from "@dl/core";
import type { RunFiles } from "../../engine/protocol.ts";
import { checkedValues } from "../../settings/checked-values.ts";
import { storedRun } from "../../storage/stored-run.ts";
import type { PlaySettings } from "./contract.ts";
import { playSchema } from "./schema.ts";

/** @throws DataError for a file that is damaged, of another kind, or with settings that make no sense. */
export function readPlayRun(files: RunFiles): PlaySettings {
  const run = storedRun<{ format?: unknown; task?: unknown; settings?: object }>(files);
  const known = playSchema.task.options.some(({ value }) => value === run?.task);
  if (run?.format !== "dl-agent-run-1" || !known || !files["agent.safetensors"]) {
    throw new DataError(
      `Expected an agent of ${playSchema.task.options.map(({ value }) => value).join(", ")} with its agent.safetensors, got a run of ${String(run?.task)}.`,
    );
  }
  return checkedValues(playSchema, { ...run.settings, task: run.task }, { file: "run.json" });
}
