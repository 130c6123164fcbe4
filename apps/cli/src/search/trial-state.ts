/** What trials leave for others to go on from: a checkpoint each, in a folder that all of them reach. */

import { mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DataError } from "@dl/core";
import type { TrialTask } from "@dl/nas";
import { checkpointName } from "@dl/train/node";
import { fileExists } from "../run-files.ts";

export interface TrialStates {
  /** Null for nowhere: then nothing is kept, and trials begin anew. */
  readonly folder: string | null;
  /** Whether a trial without the weights it is to go on from fails, because its candidate is not the one that made them. */
  readonly mustGoOn: boolean;
}

/** The folder of one trial's state. */
export const stateFolder = (folder: string, number: number): string => join(folder, "trials", String(number));

/** The checkpoint to go on from; undefined for a trial that begins, and for one that has to begin anew, which it says. */
export async function checkpointFrom(
  { number, from, beginAnew }: Pick<TrialTask<unknown>, "number" | "from" | "beginAnew">,
  { folder, mustGoOn }: TrialStates,
): Promise<string | undefined> {
  if (from === undefined) return undefined;
  const checkpoint = folder === null ? undefined : join(stateFolder(folder, from), checkpointName);
  if (checkpoint !== undefined && (await fileExists(checkpoint))) return checkpoint;
  if (mustGoOn) {
    throw new DataError(
      `trial ${number}: expected the weights of trial ${from} at ${checkpoint ?? "a folder of the search"}, got none. Every worker must reach the folder that --shared names.`,
    );
  }
  beginAnew();
  return undefined;
}

/** Keeps the checkpoint of a trial that trained in a folder of its own on the same disk. */
export async function keepCheckpoint(checkpoint: string, { folder, number }: { folder: string; number: number }): Promise<void> {
  const kept = join(stateFolder(folder, number), checkpointName);
  await mkdir(dirname(kept), { recursive: true });
  await rename(checkpoint, kept);
}
