/** What charts have in common: their size, where a point goes, and the lines and numbers of the axes. */

import { html, type Markup } from "./markup.ts";
import type { Axis } from "./scale.ts";

export interface ChartPoint {
  /** Step or epoch. */
  readonly x: number;
  /** A value that is not finite is left out, and leaves a gap. */
  readonly y: number;
}

export const chartSize = { width: 560, height: 300, left: 54, right: 16, top: 14, bottom: 40 } as const;

/** A point in the picture. */
export type Place = (point: ChartPoint) => { readonly x: string; readonly y: string };

export function placer(xAxis: Axis, yAxis: Axis): Place {
  const width = chartSize.width - chartSize.left - chartSize.right;
  const height = chartSize.height - chartSize.top - chartSize.bottom;
  return ({ x, y }) => ({
    x: (chartSize.left + (width * (x - xAxis.low)) / (xAxis.high - xAxis.low)).toFixed(1),
    y: (chartSize.top + height * (1 - (y - yAxis.low) / (yAxis.high - yAxis.low))).toFixed(1),
  });
}

/** The number at a tick, with the decimals its axis needs. */
export function tickText(value: number, { ticks }: Axis, format: "number" | "percent"): string {
  const step = (ticks[1]! - ticks[0]!) * (format === "percent" ? 100 : 1);
  const decimals = Math.min(10, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  if (format === "percent") return `${(100 * value).toFixed(decimals)}%`;
  return Math.abs(value) >= 1e6 ? value.toExponential(1) : value.toFixed(decimals);
}

/** Horizontal lines, and numbers along both axes. */
export function gridLines(
  { x: xAxis, y: yAxis }: { readonly x: Axis; readonly y: Axis },
  place: Place,
  { xText, yText }: { readonly xText: (value: number) => string; readonly yText: (value: number) => string },
): Markup[] {
  const bottom = chartSize.height - chartSize.bottom;
  return [
    ...yAxis.ticks.map((tick, i) => {
      const { y } = place({ x: xAxis.low, y: tick });
      return html`<line class="${i === 0 ? "base" : "grid"}" x1="${chartSize.left}" x2="${chartSize.width - chartSize.right}" y1="${y}" y2="${y}"/><text class="tick" x="${chartSize.left - 8}" y="${y}" dy="0.35em" text-anchor="end">${yText(tick)}</text>`;
    }),
    ...xAxis.ticks.map((tick) => {
      const { x } = place({ x: tick, y: yAxis.low });
      return html`<line class="base" x1="${x}" x2="${x}" y1="${bottom}" y2="${bottom + 4}"/><text class="tick" x="${x}" y="${bottom + 18}" text-anchor="middle">${xText(tick)}</text>`;
    }),
  ];
}
