/** A whole run, as its JSON keeps it: what was measured, and everything that decides what comes out. */

import { execFileSync } from "node:child_process";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { root } from "../contestants/contestant.ts";
import { engineOf } from "../measure/judge.ts";
import type { CaseResult } from "../measure/run-case.ts";
import type { BenchOptions } from "../options.ts";

export interface BenchReport {
  readonly format: "dl-bench-1";
  readonly command: string;
  readonly mode: "full" | "quick";
  readonly seed: number;
  readonly threads: number;
  /** What ran ours. */
  readonly device: string;
  /** Of Node, V8, @dl (its commit), and the peers. */
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly system: string;
  };
  readonly cases: readonly CaseResult[];
}

export function benchReport(
  cases: readonly CaseResult[],
  { options, inputs }: { options: BenchOptions; inputs: readonly string[] },
): BenchReport {
  const peers = cases.flatMap((result) => Object.values(result.peers)).filter((peer) => typeof peer !== "string");
  const processors = cpus();
  return {
    format: "dl-bench-1",
    command: ["pnpm bench", ...inputs].join(" "),
    mode: options.quick ? "quick" : "full",
    seed: options.seed,
    threads: options.threads,
    device: cases.find(({ device }) => device.startsWith("wasm"))?.device ?? cases[0]!.device,
    versions: Object.assign({ dl: commit() }, ...cases.map(({ versions }) => versions), ...peers.map(({ versions }) => versions)),
    machine: {
      processor: processors[0]?.model ?? arch(),
      cores: processors.length,
      memoryBytes: totalmem(),
      system: `${platform()} ${release()} ${arch()}`,
    },
    cases,
  };
}

/** `node20-simd`: what tells runs on one machine apart. */
export function engineName({ cases }: Pick<BenchReport, "cases">): string {
  const first = cases.find(({ device }) => device.startsWith("wasm")) ?? cases[0]!;
  const { nodeMajor, relaxed } = engineOf(first);
  return `node${nodeMajor}-${relaxed ? "relaxed" : "simd"}`;
}

/** The commit of the sources, marked when they differ from it. */
export function commit(): string {
  const git = (...inputs: string[]): string =>
    execFileSync("git", inputs, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    // What a bench writes does not change what it measured.
    const changed = git("status", "--porcelain", "--", ".", ":!bench/results", ":!docs/results.md") !== "";
    return git("rev-parse", "--short=12", "HEAD") + (changed ? " with changes" : "");
  } catch {
    return "unknown: not a git checkout";
  }
}
