/** What a run says of itself. */

import { DataError } from "@dl/core";
import type { RunFiles } from "../engine/protocol.ts";

/** The `run.json` among a run's files, as the caller expects it to be, which checks that it is. Throws a DataError where it is no JSON. */
export function storedRun<T>(files: RunFiles): Partial<T> | null {
  try {
    return JSON.parse(new TextDecoder().decode(files["run.json"])) as Partial<T> | null;
  } catch {
    throw new DataError("run.json: expected JSON, got something else. The file is damaged.");
  }
}
