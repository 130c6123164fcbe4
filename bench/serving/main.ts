/**
 * How fast `dl serve` answers: `pnpm bench:serving`, a minute. Options: `--quick` (a second a row; writes nothing), `--seconds <n>` (a row, default 8).
 *
 * Server and clients are two processes on one machine: what the clients take of it is part of the numbers.
 */

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { resultsFile, writeSection } from "@dl/tooling/results";
import { encodePng } from "@dl/train";
import { commit } from "../report/bench-report.ts";
import { type LoadResult, percentile, runLoad } from "./load.ts";
import { startServer, trainedRun } from "./server.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false }, seconds: { type: "string", default: "8" } } });
const seconds = values.quick ? 1 : Number(values.seconds);
if (!(seconds > 0)) throw new Error(`--seconds: expected a number > 0, got ${values.seconds}.`);

const body = encodePng({ width: 28, height: 28, channels: 1, data: Uint8Array.from({ length: 784 }, (_, i) => (i * 37) % 256) });

interface Row extends LoadResult {
  readonly name: string;
}

async function measure(run: string): Promise<{ rows: Row[]; device: string }> {
  const rows: Row[] = [];
  const load = async (name: string, address: string, clients: number): Promise<void> => {
    const options = { url: `${address}/predict`, contentType: "image/png", body, clients };
    await runLoad({ ...options, seconds: seconds / 4 });
    rows.push({ name, ...(await runLoad({ ...options, seconds })) });
  };
  let device: string;
  {
    await using server = await startServer(run, []);
    device = server.device;
    for (const clients of [1, 8, 32, 128]) await load("default limits", server.address, clients);
  }
  await using narrow = await startServer(run, ["--max-queue", "16", "--max-batch", "8"]);
  await load("a queue of 16", narrow.address, 128);
  return { rows, device };
}

/** The share of one status, and what is neither 200 nor 503. */
function cells({ name, clients, seconds, statuses, lost, milliseconds }: Row): string {
  const total = Object.values(statuses).reduce((sum, count) => sum + count, lost);
  const [answered, refused] = [statuses[200] ?? 0, statuses[503] ?? 0];
  const times = [0.5, 0.95, 0.99, 1].map((share) => percentile(milliseconds, share).toFixed(1));
  return `| ${[name, clients, total, answered, refused, total - answered - refused - lost, lost, (answered / seconds).toFixed(0), ...times].join(" | ")} |`;
}

await using run = await trainedRun();
const { rows, device } = await measure(run.path);
const table = [
  "| server | clients | requests | 200 | 503 | others | lost | answers/s | p50 ms | p95 ms | p99 ms | most ms |",
  "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
  ...rows.map(cells),
].join("\n");
console.log(table);
if (!values.quick) {
  const about = `\`pnpm bench:serving\`: LeNet on ${device}, PNGs of 28×28 over HTTP; every client asks again as soon as it is answered, for ${seconds} s; server and clients on one machine. Node ${process.versions.node}, dl ${commit()}, ${cpus()[0]?.model}, ${cpus().length} processors.`;
  await writeSection(resultsFile, { name: "bench/serving", body: `## Answers of \`dl serve\` under load\n\n${about}\n\n${table}` });
}
// Under any load every request has its answer, or is told to come back.
if (rows.some(({ lost, statuses }) => lost > 0 || Object.keys(statuses).some((status) => status !== "200" && status !== "503")))
  process.exitCode = 1;
