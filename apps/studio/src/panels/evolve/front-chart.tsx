/** Every network by its size and accuracy, and the front that none is better than in both. */

import type { JSX } from "preact";
import { percent, short } from "../../widgets/reading.tsx";
import { AccuracyMarks, accuracyAxis, frame } from "./accuracy-axis.tsx";
import type { TrialEvent } from "./contract.ts";
import { picked } from "./training.ts";

const { width, height, left, right } = frame;

export function FrontChart({ trials, front }: { trials: readonly TrialEvent[]; front: readonly TrialEvent[] }): JSX.Element {
  const done = trials.filter(({ accuracy, remembered }) => !Number.isNaN(accuracy) && !remembered);
  const sizes = done.map(({ parameters }) => Math.log10(parameters));
  const [low, high] = [Math.min(3, ...sizes) - 0.05, Math.max(4.5, ...sizes) + 0.05];
  const axis = accuracyAxis(done.map(({ accuracy }) => accuracy));
  const { y } = axis;
  const x = (parameters: number): number => left + ((Math.log10(parameters) - low) / (high - low)) * (width - left - right);
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
      <AccuracyMarks axis={axis} />
      {powers.map((size) => (
        <text key={size} x={x(size)} y={height - 18} text-anchor="middle">
          {size >= 1000 ? `${size / 1000} k` : size}
        </text>
      ))}
      <text x={width - right} y={height - 4} text-anchor="end">
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
