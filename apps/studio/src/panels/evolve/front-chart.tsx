/** Every network by its size and accuracy, and the front that none is better than in both. */

import type { JSX } from "preact";
import { percent, short } from "../../widgets/reading.tsx";
import type { TrialEvent } from "./contract.ts";
import { picked } from "./training.ts";

const [width, height] = [380, 250];
const margin = { left: 44, right: 14, top: 12, bottom: 34 };

export function FrontChart({ trials, front }: { trials: readonly TrialEvent[]; front: readonly TrialEvent[] }): JSX.Element {
  const done = trials.filter(({ accuracy, remembered }) => !Number.isNaN(accuracy) && !remembered);
  const sizes = done.map(({ parameters }) => Math.log10(parameters));
  const [low, high] = [Math.min(3, ...sizes) - 0.05, Math.max(4.5, ...sizes) + 0.05];
  const least = Math.min(0.9, ...done.map(({ accuracy }) => accuracy)) - 0.02;
  const x = (parameters: number): number =>
    margin.left + ((Math.log10(parameters) - low) / (high - low)) * (width - margin.left - margin.right);
  const y = (accuracy: number): number => margin.top + ((1 - accuracy) / (1 - least)) * (height - margin.top - margin.bottom);
  const ticks = Array.from({ length: 5 }, (_, i) => least + ((1 - least) * (i + 0.5)) / 5);
  const powers = [100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000].filter(
    (size) => Math.log10(size) > low && Math.log10(size) < high,
  );
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${done.length} networks by size and accuracy; ${front.length} on the front`}
    >
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} class="grid-line" />
          <text x={margin.left - 6} y={y(tick)} text-anchor="end" dominant-baseline="central">
            {percent(tick, 0)}
          </text>
        </g>
      ))}
      {powers.map((size) => (
        <text key={size} x={x(size)} y={height - 18} text-anchor="middle">
          {size >= 1000 ? `${size / 1000} k` : size}
        </text>
      ))}
      <text x={width - margin.right} y={height - 4} text-anchor="end">
        parameters
      </text>
      <polyline class="front" points={front.map(({ parameters, accuracy }) => `${x(parameters)},${y(accuracy)}`).join(" ")} />
      {done.map((trial) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table of the front has the same as buttons.
        <circle
          key={trial.number}
          cx={x(trial.parameters)}
          cy={y(trial.accuracy)}
          r={trial.number === picked.value ? 7 : 5}
          class={`${front.includes(trial) ? "on-front" : ""}${trial.number === picked.value ? " picked" : ""}`}
          onClick={() => (picked.value = trial.number)}
        >
          <title>{`network ${trial.number + 1}: ${trial.layers}, ${percent(trial.accuracy)}, ${short(trial.parameters)} parameters`}</title>
        </circle>
      ))}
    </svg>
  );
}
