/** Who descends from whom: networks in the order they were tried, as high as they are right. */

import type { JSX } from "preact";
import { percent } from "../../widgets/reading.tsx";
import type { TrialEvent } from "./contract.ts";
import { picked } from "./training.ts";

const [width, height] = [380, 250];
const margin = { left: 44, right: 14, top: 12, bottom: 34 };

/** All ancestors of a trial, itself included. */
function lineOf(number: number | undefined, byNumber: ReadonlyMap<number, TrialEvent>): ReadonlySet<number> {
  const found = new Set<number>();
  const waiting = number === undefined ? [] : [number];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    waiting.push(...(byNumber.get(next)?.parents ?? []));
  }
  return found;
}

export function FamilyChart({ trials, planned }: { trials: readonly TrialEvent[]; planned: number }): JSX.Element {
  const done = trials.filter(({ accuracy }) => !Number.isNaN(accuracy));
  const byNumber = new Map(done.map((trial) => [trial.number, trial]));
  const line = lineOf(picked.value, byNumber);
  const least = Math.min(0.9, ...done.map(({ accuracy }) => accuracy)) - 0.02;
  const last = Math.max(planned, trials.length) - 1 || 1;
  const x = (number: number): number => margin.left + (number / last) * (width - margin.left - margin.right);
  const y = (accuracy: number): number => margin.top + ((1 - accuracy) / (1 - least)) * (height - margin.top - margin.bottom);
  const ticks = Array.from({ length: 5 }, (_, i) => least + ((1 - least) * (i + 0.5)) / 5);
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${done.length} networks in the order they were tried, joined to their parents`}
    >
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} class="grid-line" />
          <text x={margin.left - 6} y={y(tick)} text-anchor="end" dominant-baseline="central">
            {percent(tick, 0)}
          </text>
        </g>
      ))}
      {done.flatMap(({ number, parents, accuracy }) =>
        parents.map((parent) => {
          const from = byNumber.get(parent);
          if (!from) return null;
          const middle = (x(from.number) + x(number)) / 2;
          return (
            <path
              key={`${parent} ${number}`}
              class={line.has(number) && line.has(parent) ? "kin close" : "kin"}
              d={`M${x(from.number)},${y(from.accuracy)} C${middle},${y(from.accuracy)} ${middle},${y(accuracy)} ${x(number)},${y(accuracy)}`}
            />
          );
        }),
      )}
      {done.map(({ number, accuracy, layers, remembered, parents }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table of the front has the same as buttons.
        <circle
          key={number}
          cx={x(number)}
          cy={y(accuracy)}
          r={number === picked.value ? 6 : remembered ? 2.5 : 4}
          class={`${line.has(number) ? "on-front" : ""}${number === picked.value ? " picked" : ""}`}
          onClick={() => (picked.value = number)}
        >
          <title>{`network ${number + 1}: ${layers}, ${percent(accuracy)}${parents.length > 0 ? `, child of ${parents.map((parent) => parent + 1).join(" and ")}` : ", drawn"}${remembered ? ", tried before" : ""}`}</title>
        </circle>
      ))}
      <text x={width - margin.right} y={height - 10} text-anchor="end">
        in the order they were tried
      </text>
    </svg>
  );
}
