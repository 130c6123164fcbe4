/**
 * How fast batches come, beside torch's DataLoader: `node --conditions=@dl/source --import tsx bench/data-loading/main.ts`.
 * Options: `--quick` (few images, no claim), `--folder <path>` (where the files are made and kept), `--workers <n>`, `--out <file>`.
 */

import { writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeJpegFolder, writeMemoryFiles } from "./files.ts";
import { type LoadingResult, loadingCases, measureLoading } from "./measure.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    folder: { type: "string", default: join(tmpdir(), "dl-bench-data-loading") },
    workers: { type: "string", default: "2" },
    out: { type: "string" },
  },
});
const workers = Number(values.workers);
const seed = 1;
const files = {
  memory: writeMemoryFiles({ folder: values.folder, count: values.quick ? 2000 : 50_000, seed }),
  jpeg: writeJpegFolder({ folder: values.folder, count: values.quick ? 100 : 5000, seed }),
};
const results: LoadingResult[] = [];
for (const loading of loadingCases) {
  const options = { folder: files[loading.kind], workers, epochs: values.quick ? 1 : 2, rounds: values.quick ? 1 : 3, seed };
  const result = await measureLoading(loading, options);
  results.push(result);
  const torch = typeof result.torch === "number" ? `${result.torch.toFixed(0)} images/s` : result.torch;
  const ratio = result.ratio === undefined ? "" : `  ${result.ratio.toFixed(2)}× (floor ${result.floor}×)`;
  console.log(`${result.name.padEnd(24)} ${String(workers)} workers  @dl ${result.ours.toFixed(0)} images/s  torch ${torch}${ratio}`);
}
if (values.out !== undefined) {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.versions.node };
  writeFileSync(values.out, `${JSON.stringify({ format: "dl-data-loading-1", seed, quick: values.quick, machine, results }, null, 2)}\n`);
}
