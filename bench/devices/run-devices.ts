/** One workload, on every device and by every peer, in turns. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchCase } from "../case.ts";
import type { Contestant } from "../contestants/contestant.ts";
import { type Entrant, interleave, type Plan, type Timing } from "../measure/rounds.ts";
import { largestDifference, type Spread, spread } from "../measure/statistics.ts";
import type { FieldOptions, Starter } from "./field.ts";

export interface DeviceRow {
  readonly name: string;
  readonly ours: boolean;
  /** What it says it runs on. */
  readonly device: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly timing: Timing;
  /** Its time ÷ that of the first of the field, turn by turn. */
  readonly ratio: Spread;
  /** Of the process, after all turns. */
  readonly peakBytes: number;
  /** Kernels one call runs; null: not counted. */
  readonly launches: number | null;
  /** Largest relative difference between its check and the first's. */
  readonly difference: number;
}

export interface DeviceCase {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly DeviceRow[];
  /** Those that did not take part, and why. */
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
}

export interface DeviceRun extends FieldOptions {
  readonly field: readonly Starter[];
  readonly seed: number;
  readonly plan: Plan;
  readonly quick: boolean;
}

interface Prepared {
  readonly starter: Starter;
  readonly entrant: Entrant;
  readonly difference: number;
}

export async function runDevices(bench: BenchCase, { field, seed, plan, quick, ...options }: DeviceRun): Promise<DeviceCase> {
  const parameters = quick ? { ...bench.parameters, ...bench.quick } : bench.parameters;
  const folder = await mkdtemp(join(tmpdir(), "dl-bench-"));
  const absent: { name: string; reason: string }[] = [];
  const prepared: Prepared[] = [];
  const started: Contestant[] = [];
  /** What the first of the field found, and the weights and inputs it wrote. */
  let reference: { check: readonly number[]; exchange: string } | undefined;
  try {
    for (const [i, starter] of field.filter(({ takes }) => takes?.test(bench.name) ?? true).entries()) {
      const contestant = await starter.start(options).catch(messageOf);
      if (typeof contestant === "string") {
        absent.push({ name: starter.name, reason: contestant });
        continue;
      }
      started.push(contestant);
      const exchange = starter.ours || reference === undefined ? join(folder, `${i}.safetensors`) : reference.exchange;
      const question = { ask: "prepare", id: "work", parameters, seed, exchange } as const;
      try {
        const { check } = await contestant.ask({ ...question, workload: starter.ours ? bench.name : bench.workload });
        reference ??= { check, exchange };
        if (starter.ours && !(await readFile(exchange)).equals(await readFile(reference.exchange))) {
          throw new Error(`${starter.name}: expected the weights and inputs of the first device from the same seed, got others`);
        }
        const difference = largestDifference(reference.check, check);
        if (!(difference <= bench.tolerance)) {
          throw new Error(
            `${starter.name}: expected values within ${bench.tolerance} of ${reference.check.join(", ")}, got ${check.join(", ")}`,
          );
        }
        prepared.push({ starter, entrant: { contestant, id: "work" }, difference });
      } catch (error) {
        // A peer may lack the workload, or compute something else; of ours that is a fault.
        if (starter.ours) throw error;
        absent.push({ name: starter.name, reason: messageOf(error) });
      }
    }
    const timings = await interleave(
      prepared.map(({ entrant }) => entrant),
      plan,
    );
    const rows: DeviceRow[] = [];
    for (const [i, { starter, entrant, difference }] of prepared.entries()) {
      const { contestant, id } = entrant;
      const { peakBytes } = await contestant.ask({ ask: "memory" });
      const { kernels } = await contestant.ask({ ask: "kernels", id });
      const timing = timings[i]!;
      const launches = timing.launches ?? kernels;
      const ratio = spread(timing.turns.map((time, turn) => time / timings[0]!.turns[turn]!));
      rows.push({
        name: starter.name,
        ours: starter.ours,
        ...contestant.greeting,
        timing,
        ratio,
        peakBytes,
        launches: launches === null ? null : Math.round(launches / (parameters.calls ?? 1)),
        difference,
      });
    }
    return { name: bench.name, title: bench.title, rows, absent };
  } finally {
    for (const contestant of started) await contestant[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n")[0]! : String(error);
}
