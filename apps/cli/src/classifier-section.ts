/** The section of docs/results.md about an image classifier, whose accuracy was measured again. */

import { commandLine, type RunFile } from "./run.ts";
import { type Goal, reached, resultsOf, withoutPlaces } from "./run-outcome.ts";
import { searchSlug } from "./search/winner-file.ts";

export interface ClassifierMeasures {
  readonly epochs: number;
  readonly steps: number;
  readonly seconds: number;
  readonly metrics: Readonly<Record<"test/loss" | "test/accuracy", number>>;
  /** What the model was measured on. */
  readonly device: string;
}

/** What a run promises: nothing when it is a trial on a part of the data. */
export function goalsOf({ preset, settings }: RunFile): Readonly<Record<string, Goal>> {
  return settings.limit === null ? (preset.goals ?? {}) : {};
}

/** Its name below `training/`, and its text. */
export function classifierSection(
  run: RunFile,
  { epochs, steps, seconds, metrics, device }: ClassifierMeasures,
): { name: string; body: string } {
  const { recipe, preset, settings } = run;
  // Another preset's result stands beside that of the first.
  const other = preset.name === recipe.presets[0].name ? [] : [preset.name];
  const accuracy = resultsOf(metrics, goalsOf(run)).find(({ name }) => name === "test/accuracy")!;
  const floor = accuracy.floor === null ? "" : `${accuracy.better === "higher" ? "≥" : "≤"} ${percent(accuracy.floor)}`;
  const verdict = { true: "met", false: "MISSED", undefined: "" }[String(reached(accuracy)) as "true" | "false" | "undefined"];
  const body = [
    `## ${[recipe.title, ...other, ...(settings.winner ? ["as a search found it"] : [])].join(", ")}`,
    "",
    "| test accuracy | floor | | test loss | epochs | steps | training time | seed | Node | evaluated on |",
    "| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    `| **${percent(accuracy.value)}** | ${floor} | ${verdict} | ${metrics["test/loss"].toFixed(4)} | ${epochs} | ${steps} | ${Math.round(seconds)} s | ${settings.seed} | ${process.version} | ${device} |`,
    "",
    `Trained by \`${withoutPlaces(commandLine(run))}\`; the machine had other work. Written by \`pnpm results\`, which evaluated the saved model again.`,
  ].join("\n");
  // What a search found stands beside the recipe's own result.
  const found = settings.winner && searchSlug(settings.winner.file);
  return { name: `training/${[recipe.name, ...other].join("/")}${found === undefined ? "" : `-${found}`}`, body };
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
