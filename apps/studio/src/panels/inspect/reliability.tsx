/** How often an answer is right, against how sure it was: the bars reach the diagonal when the model knows what it knows. */

import type { JSX } from "preact";
import { percent } from "../../widgets/reading.tsx";
import type { ReliabilityBin } from "./examine.ts";

const size = 100;

export function Reliability({ bins }: { bins: readonly ReliabilityBin[] }): JSX.Element {
  const width = size / bins.length;
  const most = Math.max(...bins.map(({ count }) => count));
  return (
    <figure class="reliability">
      <svg
        viewBox="-8 -3 113 119"
        role="img"
        aria-label={`Reliability: ${bins
          .filter(({ count }) => count > 0)
          .map((bin) => `${percent(bin.confidence, 0)} sure, ${percent(bin.accuracy, 0)} right`)
          .join("; ")}`}
      >
        {[0, 25, 50, 75, 100].map((at) => (
          <g key={at}>
            <line x1="0" x2="100" y1={size - at} y2={size - at} class="grid-line" />
            <text x="-2" y={size - at} text-anchor="end" dominant-baseline="central">
              {at}
            </text>
            <text x={at} y="106" text-anchor="middle">
              {at}
            </text>
          </g>
        ))}
        {bins.map(({ count, accuracy, confidence }, i) => (
          <rect
            key={i}
            x={i * width + 0.6}
            width={width - 1.2}
            y={size * (1 - accuracy)}
            height={size * accuracy}
            class="bar"
            opacity={count === 0 ? 0 : 0.3 + (0.7 * count) / most}
          >
            <title>{`${count} answers, ${percent(confidence)} sure on average, ${percent(accuracy)} right`}</title>
          </rect>
        ))}
        <line x1="0" y1="100" x2="100" y2="0" class="diagonal" />
        <text x="50" y="113" text-anchor="middle" class="axis-name">
          how sure, %
        </text>
      </svg>
      <figcaption class="soft small">
        Bars: share of right answers among those as sure. Darker: more answers. Below the line the model is surer than it should be.
      </figcaption>
    </figure>
  );
}
