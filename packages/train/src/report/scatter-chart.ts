/** Points of two numbers, as SVG: in groups, some joined by lines, each with a text when the mouse is on it. */

import { type ChartPoint, chartSize, gridLines, placer, tickText } from "./chart-frame.ts";
import { html, type Markup } from "./markup.ts";
import { niceAxis } from "./scale.ts";

export interface ScatterPoint extends ChartPoint {
  /** Shown when the mouse is on it. */
  readonly label: string;
}

export interface ScatterGroup {
  readonly name: string;
  readonly points: readonly ScatterPoint[];
  /** Joins the points in their order: straight, or as `steps` that rise at the next point. Default none. */
  readonly line?: "straight" | "steps";
  /** Small and pale, for what stands behind. Default false. */
  readonly quiet?: boolean;
}

export interface ScatterChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** At most six, one colour each; later ones are drawn above. */
  readonly groups: readonly ScatterGroup[];
  /** Lines between points, drawn below all. */
  readonly links?: readonly { readonly from: ChartPoint; readonly to: ChartPoint; readonly strong?: boolean }[];
}

/** Points that are not finite are left out. */
export function renderScatterChart({ title, xLabel, yLabel, groups, links = [] }: ScatterChart): Markup {
  const shown = groups.map((group) => ({ ...group, points: group.points.filter(isFinitePoint) }));
  const all = [...shown.flatMap(({ points }) => points), ...links.flatMap(({ from, to }) => [from, to]).filter(isFinitePoint)];
  if (all.length === 0) return html`<figure class="card chart"><figcaption>${title}</figcaption><p class="quiet">No values.</p></figure>`;
  const [xs, ys] = [all.map(({ x }) => x), all.map(({ y }) => y)];
  const axes = { x: niceAxis(...rangeOf(xs), 6), y: niceAxis(...rangeOf(ys), 6) };
  const place = placer(axes.x, axes.y);
  const text = { xText: (value: number) => tickText(value, axes.x, "number"), yText: (value: number) => tickText(value, axes.y, "number") };
  return html`<figure class="card chart">
<figcaption>${title}</figcaption>
<ul class="legend">${shown.map(({ name, points }, i) => html`<li><i class="key s${i + 1}"></i>${name} <b>${points.length}</b></li>`)}</ul>
<svg viewBox="0 0 ${chartSize.width} ${chartSize.height}" role="img" aria-label="${yLabel} by ${xLabel}">
${gridLines(axes, place, text)}
<text class="axis-name" x="${chartSize.width - chartSize.right}" y="${chartSize.height - 4}" text-anchor="end">${xLabel}</text>
<text class="axis-name" x="${chartSize.left}" y="${chartSize.top - 4}">${yLabel}</text>
${links.filter(({ from, to }) => isFinitePoint(from) && isFinitePoint(to)).map(({ from, to, strong = false }) => linkLine([place(from), place(to)], strong))}
${shown.map(({ points, line }, i) => line !== undefined && points.length > 1 && html`<path class="line s${i + 1}" d="${pathOf(points.map(place), line)}"/>`)}
${shown.map(({ points, quiet = false }, i) => points.map((point) => html`<g class="dot s${i + 1}"${quiet && html` opacity="0.45"`}><circle cx="${place(point).x}" cy="${place(point).y}" r="${quiet ? 2.5 : 4}"/><title>${point.label}</title></g>`))}
</svg>
</figure>`;
}

interface Place {
  readonly x: string;
  readonly y: string;
}

/** Not `Math.min(...values)`: there may be more points than a call may have arguments. */
function rangeOf(values: readonly number[]): [low: number, high: number] {
  return [values.reduce((low, value) => Math.min(low, value)), values.reduce((high, value) => Math.max(high, value))];
}

const isFinitePoint = ({ x, y }: ChartPoint): boolean => Number.isFinite(x) && Number.isFinite(y);

function linkLine([from, to]: readonly [Place, Place], strong: boolean): Markup {
  return html`<line class="${strong ? "line s1" : "grid"}" x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}"/>`;
}

function pathOf(points: readonly Place[], line: "straight" | "steps"): string {
  return points.map(({ x, y }, i) => (i === 0 ? `M${x} ${y}` : line === "straight" ? `L${x} ${y}` : `H${x}V${y}`)).join("");
}
