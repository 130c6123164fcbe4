/** A result held against its floors. */

import { type BenchCase, type Engine, type PeerName, peerTitles } from "../case.ts";
import type { CaseResult, Measurement } from "./run-case.ts";

export interface Judged {
  /** What it compares with; a rate compares with nothing. */
  readonly peer?: PeerName;
  /** For people: `≤ 1.30 × PyTorch`. */
  readonly floor: string;
  /** NaN where it was not judged. */
  readonly value: number;
  /** Undefined where the peer is missing: not judged. */
  readonly met: boolean | undefined;
}

/** As it stands in the table: `met`, `MISSED` or `not judged`. */
export function verdictOf({ floor, met }: Judged): string {
  return `${met === undefined ? "not judged" : met ? "met" : "MISSED"}: ${floor}`;
}

/** Node and build, read off the greeting of ours. */
export function engineOf({ device, versions }: Pick<CaseResult, "device" | "versions">): Engine {
  return { nodeMajor: Number.parseInt(versions.node ?? "", 10), relaxed: device.includes("relaxed") };
}

/** A floor whose peer is missing is not judged, and not met: the row says why there is none. */
export function judge({ floors }: Pick<BenchCase, "floors">, result: Omit<CaseResult, "floors">): Judged[] {
  const engine = engineOf(result);
  return floors.flatMap((floor): Judged[] => {
    if (floor.of === "rate") {
      const value = result.gflops ?? Number.NaN;
      return [{ floor: `≥ ${floor.atLeast} GFLOPS`, value, met: value >= floor.atLeast }];
    }
    const peer = result.peers[floor.peer];
    if (peer === undefined || typeof peer === "string") {
      const text =
        floor.of === "launches"
          ? `≤ ${floor.atMost.toFixed(2)} × the launches of ${peerTitles[floor.peer]}`
          : describe(floor.atMost(engine), floor.peer);
      return [{ peer: floor.peer, floor: text, value: Number.NaN, met: undefined }];
    }
    if (floor.of === "launches") {
      const [ours, theirs] = [launchesOf(result.ours), launchesOf(peer.measurement)];
      const value = ours / theirs;
      const text = `≤ ${floor.atMost.toFixed(2)} × the launches of ${peerTitles[floor.peer]}: ${ours} and ${theirs}`;
      return [{ peer: floor.peer, floor: text, value, met: value <= floor.atMost }];
    }
    const limit = floor.atMost(engine);
    const value = peer.ratio.median;
    return [{ peer: floor.peer, floor: describe(limit, floor.peer), value, met: value <= limit }];
  });
}

/** Kernels of a call; NaN, which meets no floor, where none were counted. */
function launchesOf(measurement: Measurement): number {
  return ("launches" in measurement ? measurement.launches : undefined) ?? Number.NaN;
}

function describe(limit: number, peer: PeerName): string {
  // A twentieth of the time is easier read the other way round.
  return limit < 0.5 ? `≥ ${Math.round(1 / limit)}× faster than ${peerTitles[peer]}` : `≤ ${limit.toFixed(2)} × ${peerTitles[peer]}`;
}
