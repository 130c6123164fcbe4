/** One reading between 0 and its end, and where it becomes bad. */

import type { JSX } from "preact";

export interface GaugeProps {
  readonly label: string;
  readonly meaning: string;
  readonly value: number | undefined;
  /** Default 1. */
  readonly end?: number;
  /** Readings below this, or above the second number, are trouble. */
  readonly trouble?: readonly [number | undefined, number | undefined];
}

export function Gauge({ label, meaning, value, end = 1, trouble: [low, high] = [undefined, undefined] }: GaugeProps): JSX.Element {
  const isBad = value !== undefined && ((low !== undefined && value < low) || (high !== undefined && value > high));
  const share = Math.max(0, Math.min(1, (value ?? 0) / end));
  return (
    <div class="gauge">
      <span>
        {label}
        <b class={isBad ? "bad" : ""}>{value === undefined ? "–" : value.toFixed(2)}</b>
      </span>
      <div class="gauge-bar" aria-hidden="true">
        <i class={isBad ? "bad" : ""} style={`transform:scaleX(${share})`} />
        {low !== undefined && <em style={`left:${(100 * low) / end}%`} />}
        {high !== undefined && <em style={`left:${(100 * high) / end}%`} />}
      </div>
      <small class="soft">{meaning}</small>
    </div>
  );
}
