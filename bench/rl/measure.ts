/** A claim, measured beside its peer, turn by turn. */

import { fileURLToPath } from "node:url";
import { Contestant } from "../contestants/contestant.ts";
import { findPython } from "../contestants/python.ts";
import { nodeCommand } from "../contestants/start.ts";
import { interleave, type Plan, type Timing } from "../measure/rounds.ts";
import { type Spread, spread } from "../measure/statistics.ts";
import type { Claim } from "./claims.ts";

export interface ClaimResult {
  readonly claim: Claim;
  readonly device: string;
  readonly versions: Readonly<Record<string, string>>;
  /** In units a second. */
  readonly ours: number;
  /** The peer's, or why there is none. */
  readonly theirs: number | string;
  /** Theirs over ours, in time, turn by turn: how many times as fast ours is. */
  readonly ratio?: Spread;
  readonly met?: boolean;
  readonly timings: readonly Timing[];
}

/** Whether a floor was promised and there was nobody to hold it against. */
export function isUnjudged({ claim, met }: Pick<ClaimResult, "claim" | "met">): boolean {
  return claim.floor !== undefined && met === undefined;
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export async function measureClaim(claim: Claim, { plan, node }: { plan: Plan; node: string }): Promise<ClaimResult> {
  const python = await findPython("gymnasium", "DL_RL_PYTHON");
  await using us = await Contestant.start("@dl/rl", nodeCommand(node, [pathOf("./dl.ts")]));
  const environment = { OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  await using them =
    "file" in python
      ? await Contestant.start(claim.peer, { file: python.file, inputs: [pathOf("./peers/rl_peer.py")], environment })
      : null;
  const entrants = [us, ...(them ? [them] : [])].map((contestant) => ({ contestant, id: claim.name }));
  for (const { contestant, id } of entrants) {
    await contestant.ask({ ask: "prepare", id, workload: claim.workload, parameters: claim.parameters, seed: 1, exchange: "" });
  }
  const timings = await interleave(entrants, plan);
  const [mine, other] = timings;
  const rate = ({ median }: Timing): number => (1000 * claim.amount) / median;
  const versions = { ...us.greeting.versions, ...them?.greeting.versions };
  const result = { claim, device: us.greeting.device, versions, ours: rate(mine!), timings };
  if (!other) return { ...result, theirs: "reason" in python ? python.reason : "" };
  const ratio = spread(other.turns.map((turn, i) => turn / mine!.turns[i]!));
  return { ...result, theirs: rate(other), ratio, ...(claim.floor !== undefined && { met: ratio.median >= claim.floor }) };
}
