/** Measurements as sections of docs/results.md: `node --conditions=@dl/source --import tsx packages/compress/learning/record.ts FOLDER …`. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { resultsFile, writeSection } from "@dl/tooling/results";
import type { ModelMeasure } from "../src/report/measure-model.ts";
import type { LeNetResult } from "./lenet-mnist.ts";

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const count = (value: number): string => value.toLocaleString("en-US");
const command = (script: string): string => `node --conditions=@dl/source --import tsx packages/compress/learning/${script}`;
const writer = "Written by `packages/compress/learning/record.ts`.";

function lenetSection({ plain, pruned, int8, int4, sparsity, seed, device, node }: LeNetResult): string {
  const row = (name: string, goal: string, { metrics, bytes, nonZeros, latency }: ModelMeasure): string => {
    const points = 100 * (metrics.accuracy! - plain.metrics.accuracy!);
    return `| ${name} | **${percent(metrics.accuracy!)}** | ${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(2)} | ${goal} | ${count(nonZeros)} | ${(bytes / 1e3).toFixed(1)} kB | ${(plain.bytes / bytes).toFixed(2)}× | ${latency.toFixed(2)} ms |`;
  };
  return [
    "## LeNet on MNIST, smaller",
    "",
    "| model | test accuracy | points | goal | weights and biases that are not 0 | file | smaller | latency, one image |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    row("as trained", "", plain),
    row(`${Math.round(100 * sparsity)} % pruned`, "within 0.5 points", pruned),
    row("int8, inputs too", "within 0.2 points, ≥ 3.5× smaller", int8),
    row("int4, groups of 32", "", int4),
    "",
    `Command: \`${command(`lenet-mnist.ts --out FOLDER --seed ${seed}`)}\`, seed ${seed}, Node ${node}, ${device}. Pruned gradually by magnitude over all layers while training went on; rounded after training, ranges of inputs by least squared error on 512 training images. Rounded models compute in floats: their files are smaller, their passes no faster. ${writer}`,
  ].join("\n");
}

for (const folder of process.argv.slice(2)) {
  const result = JSON.parse(readFileSync(join(folder, "lenet-mnist.json"), "utf8")) as LeNetResult;
  await writeSection(resultsFile, { name: "compress/lenet-mnist", body: lenetSection(result) });
  console.log(`recorded ${folder}`);
}
