/** Every decision is an axis, every trial a line across them. Inselberg 1985, "The plane with parallel coordinates". */

import { html, type Markup } from "@dl/train";
import type { FinishedTrial } from "../engine/search.ts";
import { type Decision, type Domain, toUnit } from "../space/decision.ts";

const size = { width: 1100, height: 340, left: 30, right: 110, top: 44, bottom: 16 } as const;
/** More lines than this hide each other: the best are drawn, and of the others an even choice. */
const mostLines = 300;

export interface ParallelCoordinates<T> {
  readonly decisions: readonly Decision[];
  readonly trials: readonly FinishedTrial<T>[];
  /** The name of the first objective, whose axis stands last. */
  readonly objective: string;
}

export function renderParallelCoordinates<T>({ decisions, trials, objective }: ParallelCoordinates<T>): Markup {
  const done = trials.filter(({ scores, remembered }) => scores !== null && Number.isFinite(scores[0]) && !remembered);
  const ranked = [...done].sort((a, b) => a.scores![0]! - b.scores![0]!);
  if (ranked.length === 0) return html`<section class="card"><h2>Decisions</h2><p class="quiet">No values.</p></section>`;
  const values = ranked.map(({ measurements }) => measurements![objective]!);
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const step = (size.width - size.left - size.right) / decisions.length;
  const x = (axis: number): string => (size.left + step * axis).toFixed(1);
  const y = (place: number): string => (size.top + (size.height - size.top - size.bottom) * (1 - place)).toFixed(1);
  const every = Math.ceil(ranked.length / mostLines);
  const lines = ranked.map((trial, rank) => ({ trial, rank })).filter(({ rank }) => (ranked.length - 1 - rank) % every === 0);
  const pathOf = ({ genotype, measurements }: FinishedTrial<T>): string => {
    const places = decisions.map(({ path, domain }) => (genotype[path] === undefined ? undefined : toUnit(domain, genotype[path]!)));
    places.push(high === low ? 0.5 : (measurements![objective]! - low) / (high - low));
    // A decision a candidate does not have leaves a gap.
    return places
      .map((place, i) => (place === undefined ? "" : `${i === 0 || places[i - 1] === undefined ? "M" : "L"}${x(i)} ${y(place)}`))
      .join("");
  };
  return html`<section class="card"><h2>Decisions</h2><p class="quiet">A line for each trial, the better the stronger; the last axis is ${objective}.</p>
<div class="scroll"><svg viewBox="0 0 ${size.width} ${size.height}" style="min-width:${Math.max(600, 70 * decisions.length)}px;width:100%;height:auto;font-size:11px" role="img" aria-label="decisions of every trial">
${lines.map(({ trial, rank }) => html`<path d="${pathOf(trial)}" style="fill:none;stroke:color-mix(in oklab, var(--s1) ${Math.round(15 + (85 * (rank + 1)) / ranked.length)}%, var(--line));stroke-width:${rank === ranked.length - 1 ? 3 : 1.2}"><title>trial ${trial.number}: ${objective} ${trial.measurements![objective]!}</title></path>`)}
${decisions.map(({ path, domain }, i) => axis({ x: x(i), y, name: path, ticks: ticksOf(domain), raised: i % 2 === 1 }))}
${axis({
  ...{ x: x(decisions.length), y, name: objective, raised: decisions.length % 2 === 1 },
  ticks: [
    { place: high === low ? 0.5 : 0, text: formatNumber(low) },
    { place: high === low ? 0.5 : 1, text: formatNumber(high) },
  ],
})}
</svg></div></section>`;
}

interface Tick {
  readonly place: number;
  readonly text: string;
}

function ticksOf(domain: Domain): Tick[] {
  if (domain.kind === "choice") return domain.labels.map((text, i) => ({ place: toUnit(domain, i), text }));
  return [domain.low, domain.high].map((value) => ({ place: toUnit(domain, value), text: formatNumber(value) }));
}

function axis(options: { x: string; y: (place: number) => string; name: string; ticks: readonly Tick[]; raised: boolean }): Markup {
  const { x, y, name, ticks, raised } = options;
  return html`<line class="base" x1="${x}" x2="${x}" y1="${y(0)}" y2="${y(1)}"/><text class="axis-name" x="${x}" y="${raised ? 14 : 28}" text-anchor="start">${name}</text>${ticks.map(({ place, text }) => html`<text class="tick" x="${x}" dx="5" y="${y(place)}" dy="0.35em" style="paint-order:stroke;stroke:var(--surface);stroke-width:3px">${text}</text>`)}`;
}

/** Four digits that say something. */
function formatNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
