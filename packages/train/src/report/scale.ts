/** Axes of charts: round ticks, and numbers to pixels. Heckbert 1990, "Nice numbers for graph labels", Graphics Gems. */

export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** An axis over `low` … `high` with about `count` ticks at 1, 2 or 5 times a power of ten; it begins and ends at a tick. */
export function niceAxis(low: number, high: number, count: number): Axis {
  const magnitude = Math.max(Math.abs(low), Math.abs(high));
  // A single value, or several that rounding alone tells apart, gets room around it.
  const spread = high - low > Math.max(1e-15, 1e-9 * magnitude) ? high - low : magnitude > 1e-15 ? magnitude : 1;
  const step = niceStep(spread / Math.max(1, count - 1));
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  // Rounded to the step's decimals: 3 · 0.1 is not 0.3.
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(Math.min(20, decimals))));
  return { low: ticks[0]!, high: ticks.at(-1)!, ticks };
}

/** Whole ticks inside `low` … `high`, which stay the ends: for steps and epochs. */
export function wholeAxis(low: number, high: number, count: number): Axis {
  if (high <= low) return { low: low - 0.5, high: low + 0.5, ticks: [low] };
  const step = Math.max(1, niceStep((high - low) / Math.max(1, count - 1)));
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return { low, high, ticks };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const fraction = rough / power;
  return power * (fraction <= 1.0000001 ? 1 : fraction <= 2.0000001 ? 2 : fraction <= 5.0000001 ? 5 : 10);
}
