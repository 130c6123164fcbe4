/** Curves over steps or epochs, as SVG: axes, ticks, a legend, and the value of a point when the mouse is on it. */

import { OptionError } from "@dl/core";
import { formatCount, formatMetric } from "../quantity.ts";
import { type ChartPoint, gridLines, type Place, placer, chartSize as size, tickText } from "./chart-frame.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { type Axis, niceAxis, wholeAxis } from "./scale.ts";

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

export interface LineChart {
  readonly title: string;
  /** What `x` counts: `epoch`. */
  readonly xLabel: string;
  /** `percent` shows 0.97 as 97 %. Default `number`. */
  readonly format?: "number" | "percent";
  /** At most six, one colour each. */
  readonly series: readonly ChartSeries[];
  /** A vertical line, such as where the best weights were. */
  readonly mark?: { readonly x: number; readonly label: string };
}

const mostSeries = 6;
/** More points than pixels help nobody: neighbours are averaged. */
const mostPoints = 240;
/** Up to here each point is a dot. */
const mostDots = 40;

export function renderLineChart({ title, xLabel, format = "number", series, mark }: LineChart): Markup {
  if (series.length > mostSeries) {
    throw new OptionError(
      `line chart ${JSON.stringify(title)}: expected at most ${mostSeries} series, got ${series.length}. Use two charts.`,
    );
  }
  const curves = series.map(({ name, points }) => ({ name, points: averageNeighbours(points, mostPoints) }));
  const finite = curves.flatMap(({ points }) => points).filter(({ y }) => Number.isFinite(y));
  if (finite.length === 0)
    return html`<figure class="card chart"><figcaption>${title}</figcaption><p class="quiet">No values.</p></figure>`;
  const xs = finite.map(({ x }) => x);
  const ys = finite.map(({ y }) => y);
  const xAxis = wholeAxis(Math.min(...xs), Math.max(...xs), 7);
  const yAxis = valueAxis(Math.min(...ys), Math.max(...ys), format);
  const place = placer(xAxis, yAxis);
  const text = (value: number): string => (format === "percent" ? `${(100 * value).toFixed(2)} %` : formatMetric(title, value));
  return html`<figure class="card chart">
<figcaption>${title}</figcaption>
<ul class="legend">${series.map(({ name, points }, i) => html`<li><i class="key s${i + 1}"></i>${name} <b>${lastText(points, text)}</b></li>`)}</ul>
<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title} by ${xLabel}">
${gridLines({ x: xAxis, y: yAxis }, place, { xText: formatCount, yText: (value) => tickText(value, yAxis, format) })}
<text class="axis-name" x="${size.width - size.right}" y="${size.height - 4}" text-anchor="end">${xLabel}</text>
${mark !== undefined && mark.x >= xAxis.low && mark.x <= xAxis.high && markLine(mark, finite, { yAxis, place })}
${curves.map(({ points }, i) => html`<path class="line s${i + 1}" d="${pathOf(points, place)}"/>`)}
${curves.map(({ name, points }, i) => points.filter(({ y }) => Number.isFinite(y)).map((point) => dot(point, place, `s${i + 1}${points.length <= mostDots ? "" : " dense"}`, `${name}, ${xLabel} ${formatCount(Math.round(point.x))}: ${text(point.y)}`)))}
</svg>
</figure>`;
}

/** Losses start at 0, where the goal is; shares end at 100 % at the most. */
function valueAxis(low: number, high: number, format: "number" | "percent"): Axis {
  const axis = niceAxis(format === "number" && low > 0 ? 0 : low, high, 6);
  if (format === "number" || high > 1 || axis.high <= 1) return axis;
  const ticks = axis.ticks.filter((tick) => tick <= 1);
  return { low: axis.low, high: 1, ticks };
}

/** Its label stands at the top or at the bottom, where the curves are not. */
function markLine(
  { x, label }: { x: number; label: string },
  points: readonly ChartPoint[],
  { yAxis, place }: { readonly yAxis: Axis; readonly place: Place },
): Content {
  const at = Number(place({ x, y: yAxis.low }).x);
  const nearest = Math.min(...points.map((point) => Math.abs(point.x - x)));
  const beside = points.filter((point) => Math.abs(point.x - x) <= nearest);
  const height = beside.reduce((sum, { y }) => sum + y, 0) / beside.length;
  const isLow = height < (yAxis.low + yAxis.high) / 2;
  const isRight = at > size.width * 0.7;
  const bottom = size.height - size.bottom;
  return html`<line class="mark" x1="${at}" x2="${at}" y1="${size.top}" y2="${bottom}"/><text class="tick" x="${at + (isRight ? -7 : 7)}" y="${isLow ? size.top + 14 : bottom - 8}" text-anchor="${isRight ? "end" : "start"}">${label}</text>`;
}

function pathOf(points: readonly ChartPoint[], place: Place): string {
  let path = "";
  let isDrawing = false;
  for (const point of points) {
    const isThere = Number.isFinite(point.y);
    if (isThere) {
      const { x, y } = place(point);
      path += `${isDrawing ? "L" : "M"}${x} ${y}`;
    }
    isDrawing = isThere;
  }
  return path;
}

/** A small dot in a larger, unseen one that the mouse can find. */
function dot(point: ChartPoint, place: Place, style: string, title: string): Markup {
  const { x, y } = place(point);
  return html`<g class="dot ${style}"><circle class="hit" cx="${x}" cy="${y}" r="9"/><circle cx="${x}" cy="${y}" r="3.5"/><title>${title}</title></g>`;
}

function lastText(points: readonly ChartPoint[], text: (value: number) => string): string {
  const last = points.findLast(({ y }) => Number.isFinite(y));
  return last === undefined ? "–" : text(last.y);
}

/** At most `most` points: each the mean of its neighbours, in x and in y. */
export function averageNeighbours(points: readonly ChartPoint[], most: number): ChartPoint[] {
  if (points.length <= most) return [...points];
  return Array.from({ length: most }, (_, i) => {
    const group = points.slice(Math.floor((i * points.length) / most), Math.floor(((i + 1) * points.length) / most));
    const finite = group.filter(({ y }) => Number.isFinite(y));
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    return { x: mean(group.map(({ x }) => x)), y: mean(finite.map(({ y }) => y)) };
  });
}
