/** Measurements as sections of docs/results.md: `node --conditions=@dl/source --import tsx packages/explain/learning/record.ts FOLDER …`. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { resultsFile, writeSection } from "@dl/tooling/results";
import type { ShapesResult } from "./pointing-shapes.ts";
import type { RobustResult } from "./robust-mnist.ts";

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;
const command = (script: string): string => `node --conditions=@dl/source --import tsx packages/explain/learning/${script}`;
const writer = "Written by `packages/explain/learning/record.ts`.";

function robustSection(result: RobustResult): string {
  return [
    "## Adversarially trained LeNet on MNIST",
    "",
    `| PGD ε = ${result.epsilon}, ${result.attackSteps} steps | FGSM ε = ${result.epsilon} | without attack | goal | epochs | training time | seed | Node | device |`,
    "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    `| **${percent(result.pgd)}** | ${percent(result.fgsm)} | ${percent(result.clean)} | ≥ 90 % under PGD | ${result.epochs} | ${Math.round(result.seconds)} s | ${result.seed} | ${result.node} | ${result.device} |`,
    "",
    `Command: \`${command(`robust-mnist.ts --out FOLDER --epochs ${result.epochs} --seed ${result.seed}`)}\`. Accuracies on the 10,000 test images, pixels in [0, 1], random start; trained on attacks of ${result.trainingSteps} steps. ${writer}`,
  ].join("\n");
}

function shapesSection({ seeds, steps, node, device }: ShapesResult): string {
  const mean = seeds.reduce((sum, { pointing }) => sum + pointing, 0) / seeds.length;
  return [
    "## Grad-CAM's pointing game on synthetic shapes",
    "",
    "| mean of the seeds | worst seed | goal | accuracies | similarity of maps with random weights | seeds | steps | Node | device |",
    "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    `| **${percent(mean, 1)}** | ${percent(Math.min(...seeds.map(({ pointing }) => pointing)), 1)} | ≥ 90 % | ${seeds.map(({ accuracy }) => percent(accuracy, 1)).join(", ")} | ${seeds.map(({ similarity }) => similarity.toFixed(2)).join(", ")} | ${seeds.map(({ seed }) => seed).join(", ")} | ${steps} | ${node} | ${device} |`,
    "",
    `Command: \`${command(`pointing-shapes.ts --out FOLDER --seeds ${seeds.length}`)}\`. 500 new pictures a seed; a hit is a hottest pixel on the 5 × 5 of the shape. ${writer}`,
  ].join("\n");
}

for (const folder of process.argv.slice(2)) {
  const read = (name: string): unknown => {
    const file = join(folder, name);
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  };
  const robust = read("robust-mnist.json") as RobustResult | undefined;
  const shapes = read("pointing-shapes.json") as ShapesResult | undefined;
  if (!robust && !shapes) throw new Error(`record: expected robust-mnist.json or pointing-shapes.json in ${folder}, got neither.`);
  if (robust) await writeSection(resultsFile, { name: "explain/robust-mnist", body: robustSection(robust) });
  if (shapes) await writeSection(resultsFile, { name: "explain/pointing-shapes", body: shapesSection(shapes) });
  console.log(`recorded ${folder}`);
}
