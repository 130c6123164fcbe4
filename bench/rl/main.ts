/**
 * How fast agents learn and environments step, beside PyTorch and Gymnasium, one thread each: `pnpm bench:rl`; three minutes. Options: `--only <name>`, `--quick` (a few
 * calls of each; measures nothing), `--check` (exit 1 when a floor is missed, or cannot be judged without Python), `--node <path>` (what runs ours), `--out <file>` (JSON). `DL_RL_PYTHON`
 * names a Python with torch and gymnasium.
 */

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { resultsFile, writeSection } from "@dl/tooling/results";
import { fullPlan, quickPlan } from "../measure/rounds.ts";
import { commit } from "../report/bench-report.ts";
import { claims } from "./claims.ts";
import { type ClaimResult, isUnjudged, measureClaim } from "./measure.ts";
import { markdown } from "./table.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    node: { type: "string", default: process.execPath },
    out: { type: "string" },
  },
});
const chosen = claims.filter(({ name }) => values.only?.some((start) => name.startsWith(start)) ?? true);
if (values.check && values.quick) {
  console.error("--check: expected it without --quick, got both: a quick run measures nothing.");
  process.exit(2);
}
if (chosen.length === 0) {
  console.error(`--only: expected the beginning of ${claims.map(({ name }) => name).join(", ")}, got ${values.only?.join(", ")}.`);
  process.exit(2);
}
const results: ClaimResult[] = [];
for (const claim of chosen) {
  console.error(`${claim.title} …`);
  results.push(await measureClaim(claim, { plan: values.quick ? quickPlan : fullPlan, node: values.node }));
}
const table = markdown(results);
console.log(table);
const { device, versions } = results[0]!;
const told = Object.entries({ dl: commit(), ...versions }).map(([name, version]) => `${name} ${version}`);
if (values.out !== undefined) {
  writeFileSync(
    values.out,
    `${JSON.stringify({ format: "dl-bench-rl-1", quick: values.quick, machine: cpus()[0]?.model, told, results }, null, 1)}\n`,
  );
}
// Only a full run speaks for the whole table.
if (!values.quick && chosen.length === claims.length) {
  const engine = `node${Number.parseInt(versions.node!, 10)}`;
  const body = `## Reinforcement learning beside Python: Node ${versions.node}, ${device}\n\n\`pnpm bench:rl\`, one thread each; ${told.join(", ")}; ${cpus()[0]?.model}. Medians of turns taken in alternation; the ratio is turn by turn, (least–most).\n\n${table}`;
  await writeSection(resultsFile, { name: `bench/rl-${engine}`, body });
}
for (const { claim, theirs } of results.filter(isUnjudged))
  console.error(`not judged: ${claim.name}: ≥ ${claim.floor}×: no ${claim.peer}, ${theirs}`);
// A floor that nobody judged is not one that was met.
if (values.check && results.some((result) => result.met === false || isUnjudged(result))) process.exitCode = 1;
