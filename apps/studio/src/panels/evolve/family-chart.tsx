/** Who descends from whom: networks in the order they were tried, as high as they are right. */

import type { JSX } from "preact";
import { percent } from "../../widgets/reading.tsx";
import { AccuracyMarks, accuracyAxis, frame } from "./accuracy-axis.tsx";
import type { TrialEvent } from "./contract.ts";
import { picked } from "./training.ts";

const { width, height, left, right } = frame;

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
  const axis = accuracyAxis(done.map(({ accuracy }) => accuracy));
  const { y } = axis;
  const last = Math.max(planned, trials.length) - 1 || 1;
  const x = (number: number): number => left + (number / last) * (width - left - right);
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${done.length} networks in the order they were tried, joined to their parents`}
    >
      <AccuracyMarks axis={axis} />
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
      <text x={width - right} y={height - 10} text-anchor="end">
        in the order they were tried
      </text>
    </svg>
  );
}
