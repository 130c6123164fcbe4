/** What `report.html` shows of a run. */

import type { Device } from "@dl/core";
import { type ChartSeries, formatDuration, pixelsOf, type RunReport } from "@dl/train";
import type { LabelledImages } from "./recipes/recipe.ts";
import { commandLine, type RunFile } from "./run.ts";
import type { TrainingResult } from "./training.ts";

export function reportOf(
  run: RunFile,
  { history, reason, steps, seconds, evaluation }: TrainingResult,
  { device, test }: { device: Device; test: LabelledImages },
): RunReport {
  const { recipe, preset, settings } = run;
  const { classNames } = recipe.data;
  const series = (metric: string): ChartSeries[] =>
    [
      { name: "training", key: metric },
      { name: "validation", key: `validation/${metric}` },
    ]
      .map(({ name, key }) => ({ name, points: history.map(({ epoch, metrics }) => ({ x: epoch + 1, y: metrics[key] ?? Number.NaN })) }))
      .filter(({ points }) => points.some(({ y }) => Number.isFinite(y)));
  return {
    title: recipe.title,
    subtitle: preset.summary,
    summary: [
      { name: "recipe", value: `${recipe.name}, preset ${preset.name}` },
      { name: "command", value: commandLine(run) },
      { name: "device", value: device.name },
      { name: "seed", value: String(settings.seed) },
      { name: "epochs", value: `${history.length} of ${settings.epochs} (${reason})` },
      { name: "steps", value: String(steps) },
      { name: "batch size", value: String(settings.batchSize) },
      { name: "learning rate", value: String(settings.learningRate) },
      { name: "Node.js", value: process.version },
      { name: "platform", value: `${process.platform} ${process.arch}` },
    ],
    charts: [
      { title: "Loss", xLabel: "epoch", series: series("loss") },
      { title: "Accuracy", xLabel: "epoch", format: "percent", series: series("accuracy") },
    ],
    ...(evaluation && {
      highlights: [
        { name: "test accuracy", value: `${(100 * evaluation.accuracy).toFixed(2)} %` },
        { name: "test loss", value: evaluation.loss.toFixed(4) },
        { name: "time", value: formatDuration(seconds) },
      ],
      confusion: { matrix: evaluation.confusion, names: classNames },
      classification: evaluation.report,
      mistakes: evaluation.mistakes.map(({ index, label, prediction, confidence }) => ({
        image: pixelsOf(test.get(index).images),
        label: classNames[label]!,
        prediction: classNames[prediction]!,
        confidence,
        caption: `test ${index}`,
      })),
    }),
  };
}
