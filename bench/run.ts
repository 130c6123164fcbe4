/** A run of the bench: every chosen case, one after the other. */

import type { BenchCase } from "./case.ts";
import { Crew } from "./contestants/crew.ts";
import { fullPlan, quickPlan } from "./measure/rounds.ts";
import { type CaseResult, type RunOptions, runCase } from "./measure/run-case.ts";
import type { BenchOptions } from "./options.ts";
import { type BenchReport, benchReport } from "./report/bench-report.ts";

export async function runBench(
  options: BenchOptions,
  { inputs, onCase }: { inputs: readonly string[]; onCase: (bench: BenchCase) => void },
): Promise<BenchReport> {
  const { node, threads, relaxed, seed, quick } = options;
  await using crew = new Crew({ node, threads, relaxed, keep: quick });
  const runOptions: RunOptions = { crew, seed, quick, plan: quick ? quickPlan : fullPlan, memorySteps: quick ? 3 : 100 };
  const results: CaseResult[] = [];
  for (const bench of options.cases) {
    onCase(bench);
    results.push(await runCase(bench, runOptions));
  }
  return benchReport(results, { options, inputs });
}
