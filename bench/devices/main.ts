/** pnpm bench:devices: the benchmarks on every device, beside the peers, in one run on one machine. */

import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { OptionError } from "@dl/core";
import { resultsFile, writeSection } from "@dl/tooling/results";
import type { BenchCase } from "../case.ts";
import { cases } from "../cases.ts";
import { root } from "../contestants/contestant.ts";
import { type Plan, quickPlan } from "../measure/rounds.ts";
import { commit } from "../report/bench-report.ts";
import { field } from "./field.ts";
import { judgeDevices, verdictOf } from "./floors.ts";
import { type DeviceCase, runDevices } from "./run-devices.ts";
import { markdown, textTable } from "./table.ts";

/** The cases that say something about a device; those of one device's own overhead stay in `pnpm bench`. */
const deviceCases: readonly BenchCase[] = cases.filter(({ name }) =>
  /^(cnn-step|lenet-step|gpt-step|gan-step|matmul-(512|1024)|add-64-wasm)/.test(name),
);

const usage = `pnpm bench:devices [options]

Times the benchmarks on every device of ours beside PyTorch (DL_PYTHON), Keras on TensorFlow (DL_KERAS_PYTHON), tfjs-node, tfjs-wasm, tfjs-webgpu and
jax-js, turn by turn. A full run writes bench/results/devices-node<N>.json and its section of docs/results.md. Who cannot start says why.

  --only <name>     cases whose name begins so; may be repeated
  --with <name>     contestants whose name holds this; may be repeated; the first of the list always takes part
  --quick           a few calls of everything: shows that it runs, measures nothing
  --threads <n>     of wasm, PyTorch and Keras (default 2)
  --seed <n>        of weights and inputs (default 1)
  --out <file>      write the JSON there
  --check           exit with 1 when a floor is missed, or cannot be judged for want of a contestant
  --help

Cases: ${deviceCases.map(({ name }) => name).join(", ")}
Contestants: ${field.map(({ name }) => name).join(", ")}
`;

/** All of it within ten minutes: some of the field take seconds for a step, and one call a turn, and two turns, have to do. */
const plan: Plan = { rounds: 5, turn: 400, least: 1, warmUp: 800, budget: 5000 };

async function main(inputs: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...inputs],
    options: {
      only: { type: "string", multiple: true },
      with: { type: "string", multiple: true },
      quick: { type: "boolean", default: false },
      threads: { type: "string", default: "2" },
      seed: { type: "string", default: "1" },
      out: { type: "string" },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const { only, with: names, quick } = values;
  if (quick && values.check) throw new OptionError("--check: expected it without --quick, got both: a quick run measures nothing.");
  const chosen = deviceCases.filter(({ name }) => only === undefined || only.some((start) => name.startsWith(start)));
  if (chosen.length === 0)
    throw new OptionError(`--only: expected the beginning of ${deviceCases.map(({ name }) => name).join(", ")}, got ${only}.`);
  const contestants = field.filter(({ name }, i) => i === 0 || names === undefined || names.some((part) => name.includes(part)));
  const [threads, seed] = [whole("--threads", values.threads, 1), whole("--seed", values.seed, 0)];

  const results: DeviceCase[] = [];
  for (const bench of chosen) {
    process.stderr.write(`${bench.title} …\n`);
    results.push(
      await runDevices(bench, { field: contestants, node: process.execPath, threads, seed, quick, plan: quick ? quickPlan : plan }),
    );
  }
  process.stdout.write(`${textTable(results)}\n`);
  const judged = quick ? [] : judgeDevices(results);
  for (const one of judged) process.stdout.write(`${verdictOf(one)}\n`);

  const command = ["pnpm bench:devices", ...inputs].join(" ");
  const versions = Object.assign(
    { dl: commit(), node: process.versions.node },
    ...results.flatMap(({ rows }) => rows.map((row) => row.versions)),
  );
  const report = {
    format: "dl-bench-devices-1",
    command,
    seed,
    threads,
    versions,
    processor: cpus()[0]?.model,
    cores: cpus().length,
    cases: results,
    judged,
  };
  const full = !quick && only === undefined && names === undefined;
  const engine = `devices-node${process.versions.node.split(".")[0]}`;
  const out = values.out ?? (full ? join(root, "bench", "results", `${engine}.json`) : undefined);
  if (out !== undefined) {
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, `${JSON.stringify(report, rounded, 1)}\n`);
  }
  if (full) {
    const verdicts = judged.map((one) => `- ${verdictOf(one)}`).join("\n");
    const facts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    const body = `## Devices side by side, Node ${process.versions.node}\n\n\`${command}\`, seed ${seed}, ${threads} threads; ${facts.join(", ")}; ${report.processor}, ${report.cores} cores.\nMedians of turns taken in alternation (least–most).\n\n${verdicts}\n\n${markdown(results)}`;
    await writeSection(resultsFile, { name: `bench/${engine}`, body });
  }
  // A floor that nobody judged is not one that was met.
  return values.check && judged.some(({ met }) => met !== true) ? 1 : 0;
}

/** Nobody reads the tenth digit of a time. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new OptionError(`${option}: expected a whole number ≥ ${least}, got ${text}.`);
  return value;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench:devices: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
