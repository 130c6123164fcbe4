/**
 * How fast batches come, beside torch's DataLoader: `pnpm bench:data`, some minutes.
 * Options: `--quick` (few images, no claim; writes nothing), `--folder <path>` (where the files are made and kept), `--workers <n>`.
 */

import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { resultsFile, writeSection } from "@dl/tooling/results";
import { commit } from "../report/bench-report.ts";
import { writeJpegFolder, writeMemoryFiles } from "./files.ts";
import { type LoadingResult, loadingCases, measureLoading } from "./measure.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    folder: { type: "string", default: join(tmpdir(), "dl-bench-data-loading") },
    workers: { type: "string", default: "2" },
  },
});
const workers = Number(values.workers);
const seed = 1;
const files = {
  memory: writeMemoryFiles({ folder: values.folder, count: values.quick ? 2000 : 50_000, seed }),
  jpeg: writeJpegFolder({ folder: values.folder, count: values.quick ? 100 : 5000, seed }),
};

function cells({ name, ours, torch, ratio, floor }: LoadingResult): string {
  const judged = ratio === undefined ? "not judged" : ratio >= floor ? "met" : "MISSED";
  const verdict = floor === 0 ? "" : `${judged}: ≥ ${floor}×`;
  const theirs = typeof torch === "number" ? torch.toFixed(0) : torch;
  return `| ${[name, ours.toFixed(0), theirs, ratio?.toFixed(2) ?? "–", verdict].join(" | ")} |`;
}

const rows = ["| images | @dl/data, a second | torch, a second | times as fast | floor |", "| --- | ---: | ---: | ---: | --- |"];
for (const row of rows) console.log(row);
for (const loading of loadingCases) {
  const options = { folder: files[loading.kind], workers, epochs: values.quick ? 1 : 2, rounds: values.quick ? 1 : 3, seed };
  rows.push(cells(await measureLoading(loading, options)));
  console.log(rows.at(-1));
}
if (!values.quick) {
  const about = `\`pnpm bench:data\`: batches from ${workers} workers beside torch's DataLoader with ${workers}, over the same files and transforms, in turns. 50,000 images of 32×32 with crop, flip, cutout and normalisation; 5,000 JPEGs decoded and cut to 224². Node ${process.versions.node}, dl ${commit()}, ${cpus()[0]?.model}, ${cpus().length} processors.`;
  await writeSection(resultsFile, {
    name: "bench/data-loading",
    body: `## Batches beside torch's DataLoader\n\n${about}\n\n${rows.join("\n")}`,
  });
}
