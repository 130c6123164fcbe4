/** Measurements as sections of docs/results.md: `node --conditions=@dl/source --import tsx packages/compress/learning/record.ts FOLDER …`. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { resultsFile, writeSection } from "@dl/tooling/results";
import type { ModelMeasure } from "../src/report/measure-model.ts";
import type { DistilResult } from "./distil-cifar10.ts";
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

function distilSection({ teacher, student, epochs, seed, seconds, device, node }: DistilResult): string {
  const points = 100 * (student.accuracy - teacher.accuracy);
  return [
    "## A student of Keras CNN on CIFAR-10",
    "",
    "| student | teacher | points | goal | parameters | teacher's | fewer | epochs | training time | seed | Node | device |",
    "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    `| **${percent(student.accuracy)}** | ${percent(teacher.accuracy)} | ${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(2)} | within 1 point, ≥ 5× fewer | ${count(student.parameters)} | ${count(teacher.parameters)} | ${(teacher.parameters / student.parameters).toFixed(2)}× | ${epochs} | ${Math.round(seconds)} s | ${seed} | ${node} | ${device} |`,
    "",
    `Command: \`${command(`distil-cifar10.ts --teacher RUN --out FOLDER --epochs ${epochs} --seed ${seed}`)}\`, where RUN is one of \`dl train keras-cnn-cifar10\`. The student is a ResNet-8 of ten channels; its loss is nine parts the teacher's softened answers (temperature 4), one part the labels. Whole test set. ${writer}`,
  ].join("\n");
}

for (const folder of process.argv.slice(2)) {
  const read = (name: string): unknown => {
    const file = join(folder, name);
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  };
  const lenet = read("lenet-mnist.json") as LeNetResult | undefined;
  const distilled = read("distil-cifar10.json") as DistilResult | undefined;
  if (!lenet && !distilled) throw new Error(`record: expected lenet-mnist.json or distil-cifar10.json in ${folder}, got neither.`);
  if (lenet) await writeSection(resultsFile, { name: "compress/lenet-mnist", body: lenetSection(lenet) });
  if (distilled) await writeSection(resultsFile, { name: "compress/distil-cifar10", body: distilSection(distilled) });
  console.log(`recorded ${folder}`);
}
