/** `report.html` of a search: the best so far, trade-offs, decisions, and who descends from whom. One file that loads nothing. */

import { formatCount, html, type ReportItem, renderReportPage, renderScatterChart, type ScatterPoint } from "@dl/train";
import type { Objectives } from "../engine/objectives.ts";
import type { FinishedTrial, SearchResult } from "../engine/search.ts";
import type { Space } from "../space/space.ts";
import { paretoFronts } from "../strategies/pareto.ts";
import { renderParallelCoordinates } from "./parallel-coordinates.ts";

export interface SearchReport<T> extends Pick<SearchResult<T>, "trials" | "best"> {
  /** What was searched: `cells for CIFAR-10`. */
  readonly title: string;
  readonly space: Space<T>;
  readonly objectives: Objectives;
  /** Command, seed, strategy, versions. */
  readonly summary: readonly ReportItem[];
}

/**
 * The report as an HTML document; every text in it is escaped.
 *
 * @example no-run
 * const page = renderSearchReport({ title: "widths", space, objectives, trials, best, summary: [] });
 */
export function renderSearchReport<T>({ title, space, objectives, trials, best, summary }: SearchReport<T>): string {
  const names = Object.keys(objectives);
  const [main] = names as [string, ...string[]];
  const own = trials.filter(({ remembered }) => !remembered);
  const failed = own.filter(({ scores }) => scores === null).length;
  const body = [
    html`<div class="charts">${bestSoFar(own, objectives)}${names.slice(1).map((second) => tradeOff(own, { main, second, objectives }))}${genealogy(trials, { main, best })}</div>`,
    renderParallelCoordinates({ decisions: space.decisions(""), trials, objective: main }),
    best && html`<section class="card"><h2>The best</h2><p>${best.key}</p></section>`,
  ];
  const highlights = [
    ...(best ? Object.entries(best.measurements!).map(([name, value]) => ({ name: `best: ${name}`, value: formatValue(value) })) : []),
    { name: "trials", value: formatCount(own.length) },
    ...(failed > 0 ? [{ name: "failed", value: formatCount(failed) }] : []),
  ];
  return renderReportPage({
    ...{ overline: "Search report", writer: "@dl/nas", title, body, summary },
    highlights: highlights.slice(0, 6),
  });
}

/** Whole numbers with separators, others with four digits. */
function formatValue(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(4)));
}

function pointOf<T>({ number, key, measurements }: FinishedTrial<T>, { x, name }: { x: number; name: string }): ScatterPoint {
  const y = measurements?.[name] ?? Number.NaN;
  return { x, y, label: `trial ${number}: ${name} ${formatValue(y)}, ${key.length > 200 ? `${key.slice(0, 200)}…` : key}` };
}

function bestSoFar<T>(trials: readonly FinishedTrial<T>[], objectives: Objectives) {
  const [[main, direction]] = Object.entries(objectives) as [[string, "maximize" | "minimize"]];
  const all = trials.map((trial) => pointOf(trial, { x: trial.number, name: main }));
  const best: ScatterPoint[] = [];
  for (const point of all) {
    const last = best.at(-1);
    const isBetter = last === undefined || (direction === "maximize" ? point.y > last.y : point.y < last.y);
    if (Number.isFinite(point.y) && isBetter) best.push(point);
  }
  const end = all.at(-1);
  // The line goes on to the last trial.
  const line = best.length > 0 && end && end.x > best.at(-1)!.x ? [...best, { ...best.at(-1)!, x: end.x }] : best;
  return renderScatterChart({
    ...{ title: "Best so far", xLabel: "trial", yLabel: main },
    groups: [
      { name: "best so far", points: line, line: "steps" },
      { name: "trials", points: all, quiet: true },
    ],
  });
}

function tradeOff<T>(
  trials: readonly FinishedTrial<T>[],
  { main, second, objectives }: { main: string; second: string; objectives: Objectives },
) {
  const done = trials.filter(({ measurements }) => measurements !== null);
  const pair = [second, main] as const;
  const scores = done.map(({ measurements }) => pair.map((name) => measurements![name]! * (objectives[name] === "maximize" ? 1 : -1)));
  const front = paretoFronts(scores)[0] ?? [];
  const points = done.map((trial) => pointOf(trial, { x: trial.measurements![second]!, name: main }));
  return renderScatterChart({
    ...{ title: `Pareto front: ${main} and ${second}`, xLabel: second, yLabel: main },
    groups: [
      { name: "front", points: front.map((i) => points[i]!).sort((a, b) => a.x - b.x || a.y - b.y), line: "straight" },
      { name: "others", points: points.filter((_, i) => !front.includes(i)), quiet: true },
    ],
  });
}

/** Trials by their number and score, with a line to each parent; those the best descends from stand out. Nothing where nobody has parents. */
function genealogy<T>(trials: readonly FinishedTrial<T>[], { main, best }: { main: string; best: FinishedTrial<T> | undefined }) {
  if (!trials.some(({ parents }) => parents.length > 0)) return undefined;
  // A candidate that came again stands for its first trial.
  const firsts = new Map<string, FinishedTrial<T>>();
  for (const trial of trials) if (!firsts.has(trial.key)) firsts.set(trial.key, trial);
  const firstOf = new Map(trials.map(({ number, key }) => [number, firsts.get(key)!]));
  const parentsOf = ({ parents }: FinishedTrial<T>): FinishedTrial<T>[] => parents.flatMap((number) => firstOf.get(number) ?? []);
  const line = new Set<FinishedTrial<T>>();
  const climb = (trial: FinishedTrial<T>): void => {
    if (line.has(trial)) return;
    line.add(trial);
    for (const parent of parentsOf(trial)) climb(parent);
  };
  if (best) climb(firstOf.get(best.number) ?? best);
  const place = (trial: FinishedTrial<T>): ScatterPoint => pointOf(trial, { x: trial.number, name: main });
  const shown = [...firsts.values()];
  const links = shown.flatMap((trial) =>
    parentsOf(trial).map((parent) => ({ from: place(parent), to: place(trial), strong: line.has(trial) && line.has(parent) })),
  );
  return renderScatterChart({
    ...{ title: "Genealogy", xLabel: "trial", yLabel: main, links },
    groups: [
      { name: "ancestors of the best", points: shown.filter((trial) => line.has(trial)).map(place) },
      { name: "others", points: shown.filter((trial) => !line.has(trial)).map(place), quiet: true },
    ],
  });
}
