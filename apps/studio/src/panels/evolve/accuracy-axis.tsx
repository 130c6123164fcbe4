/** The frame and the upright axis that both charts of a search have: from a little under the worst network to 100 %, at round marks. */

import type { JSX } from "preact";
import { percent } from "../../widgets/reading.tsx";

export const frame = { width: 380, height: 250, left: 44, right: 14, top: 12, bottom: 34 } as const;

export interface AccuracyAxis {
  readonly y: (accuracy: number) => number;
  readonly marks: readonly number[];
}

export function accuracyAxis(accuracies: readonly number[]): AccuracyAxis {
  const { height, top, bottom } = frame;
  const least = Math.min(0.9, ...accuracies) - 0.02;
  const step = [0.02, 0.05, 0.1, 0.2].find((apart) => (1 - least) / apart <= 6)!;
  return {
    y: (accuracy) => top + ((1 - accuracy) / (1 - least)) * (height - top - bottom),
    marks: Array.from({ length: Math.floor((1 - least) / step) + 1 }, (_, i) => 1 - i * step),
  };
}

export function AccuracyMarks({ axis: { y, marks } }: { axis: AccuracyAxis }): JSX.Element {
  return (
    <>
      {marks.map((mark) => (
        <g key={mark}>
          <line x1={frame.left} x2={frame.width - frame.right} y1={y(mark)} y2={y(mark)} class="grid-line" />
          <text x={frame.left - 6} y={y(mark)} text-anchor="end" dominant-baseline="central">
            {percent(mark, 0)}
          </text>
        </g>
      ))}
    </>
  );
}
