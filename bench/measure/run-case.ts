/** One line of the table: starts the contestants, compares what they compute, measures, and judges. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchCase, PeerName } from "../case.ts";
import type { Crew } from "../contestants/crew.ts";
import type { Judged } from "./judge.ts";
import { judge } from "./judge.ts";
import { type Entrant, interleave, type Plan, type Timing } from "./rounds.ts";
import { largestDifference, type Spread, spread } from "./statistics.ts";

export interface RunOptions {
  readonly crew: Crew;
  readonly seed: number;
  readonly plan: Plan;
  /** Steps of a memory case. */
  readonly memorySteps: number;
  /** Small sizes: shows that it runs. */
  readonly quick: boolean;
}

/** Milliseconds of a call, or bytes. */
export type Measurement = Timing | { readonly peakBytes: number };

export interface PeerResult {
  readonly device: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly measurement: Measurement;
  /** Ours / theirs, turn by turn. */
  readonly ratio: Spread;
  /** Largest relative difference between our check and theirs. */
  readonly difference: number;
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly unit: "ms" | "bytes";
  readonly device: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly check: readonly number[];
  readonly ours: Measurement;
  /** By peer; a string is the reason why there is none. */
  readonly peers: Readonly<Partial<Record<PeerName, PeerResult | string>>>;
  /** 10⁹ floating-point operations a second, where the case counts them. */
  readonly gflops?: number;
  /** Of a quick run none: small sizes and cold code say nothing. */
  readonly floors: readonly Judged[];
}

export async function runCase(bench: BenchCase, options: RunOptions): Promise<CaseResult> {
  const { crew, seed, plan, memorySteps, quick } = options;
  const { name, title, tolerance } = bench;
  const parameters = quick ? { ...bench.parameters, ...bench.quick } : bench.parameters;
  const folder = await mkdtemp(join(tmpdir(), "dl-bench-"));
  try {
    const dl = await crew.dl(bench.device);
    const question = { ask: "prepare", parameters, seed, exchange: join(folder, "exchange.safetensors") } as const;
    const { check } = await dl.ask({ ...question, id: "ours", workload: name });
    if (!check.every(Number.isFinite)) throw new Error(`${name}: expected finite values from ours, got ${check.join(", ")}.`);
    const entrants: { peer: PeerName; entrant: Entrant; difference: number }[] = [];
    const peers: Partial<Record<PeerName, PeerResult | string>> = {};
    for (const peer of bench.peers) {
      const contestant = peer === "bare" ? dl : await crew.peer(peer);
      if (typeof contestant === "string") {
        peers[peer] = contestant;
        continue;
      }
      const theirs = await contestant.ask({ ...question, id: peer, workload: peer === "bare" ? `${name}:bare` : bench.workload });
      const difference = largestDifference(check, theirs.check);
      if (!(difference <= tolerance)) {
        throw new Error(
          `${name}: expected the values of ${peer} within ${tolerance} of ours, got a difference of ${difference}: ours ${check.join(", ")}; theirs ${theirs.check.join(", ")}.`,
        );
      }
      entrants.push({ peer, entrant: { contestant, id: peer }, difference });
    }

    const all: Entrant[] = [{ contestant: dl, id: "ours" }, ...entrants.map(({ entrant }) => entrant)];
    const measured =
      bench.measures === "time" ? await interleave(all, quick ? plan : { ...plan, ...bench.plan }) : await peakMemory(all, memorySteps);
    const ours = measured[0]!;
    for (const [i, { peer, entrant, difference }] of entrants.entries()) {
      const measurement = measured[i + 1]!;
      peers[peer] = { ...entrant.contestant.greeting, measurement, ratio: ratioOf(ours, measurement), difference };
    }
    const gflops = bench.operations !== undefined && "median" in ours ? { gflops: bench.operations(parameters) / ours.median / 1e6 } : {};
    const { device, versions } = dl.greeting;
    const result = {
      name,
      title,
      unit: bench.measures === "time" ? "ms" : "bytes",
      device,
      versions,
      check,
      ours,
      peers,
      ...gflops,
    } as const;
    return { ...result, floors: quick ? [] : judge(bench, result) };
  } finally {
    await crew.rest();
    await rm(folder, { recursive: true, force: true });
  }
}

/** One after the other; each in a process that did nothing else. */
async function peakMemory(entrants: readonly Entrant[], steps: number): Promise<Measurement[]> {
  const peaks: Measurement[] = [];
  for (const { contestant, id } of entrants) {
    await contestant.ask({ ask: "run", id, repetitions: steps });
    peaks.push(await contestant.ask({ ask: "memory" }));
  }
  return peaks;
}

/** Turn against turn: what slowed the machine slowed both. */
function ratioOf(ours: Measurement, theirs: Measurement): Spread {
  if ("turns" in ours && "turns" in theirs) return spread(ours.turns.map((time, i) => time / theirs.turns[i]!));
  if ("peakBytes" in ours && "peakBytes" in theirs) return spread([ours.peakBytes / theirs.peakBytes]);
  throw new Error("ratioOf: expected two measurements of one kind.");
}
