/** Starts `stream-memory-fixture.ts` over freshly made shards. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type SparseShardsOptions, writeSparseShards } from "./sparse-shards-fixture.ts";

export interface SparseReading {
  readonly count: number;
  readonly sum: number;
  readonly bytes: number;
  /** Samples that came right after the one before them in the file. */
  readonly inOrder: number;
  /** The most memory the process held. */
  readonly peakBytes: number;
}

export async function readSparseShards(folder: string, options: SparseShardsOptions): Promise<SparseReading> {
  const paths = writeSparseShards(folder, options);
  const script = fileURLToPath(new URL("./stream-memory-fixture.ts", import.meta.url));
  const words = ["--conditions=@dl/source", "--import", "tsx", script, JSON.stringify(paths)];
  // A reading that takes longer than any test waits for must not run on without it.
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 3_000_000, killSignal: "SIGKILL" });
  return JSON.parse(stdout) as SparseReading;
}
