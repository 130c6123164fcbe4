/** Curves that grow while a training runs: uPlot, in the studio's colours. */

import "uplot/dist/uPlot.min.css";
import { type ReadonlySignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import { colour, colours } from "../shell/theme.ts";
import { short } from "../widgets/reading.tsx";

/** One line of a chart: points in order. */
export interface CurveLine {
  readonly label: string;
  /** A colour of the theme, such as `--accent`. */
  readonly colour: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Fainter, for what is noise. Default false. */
  readonly faint?: boolean;
  /** A dot on each point, for lines of few. Default false. */
  readonly dots?: boolean;
}

export interface CurveProps {
  readonly lines: ReadonlySignal<readonly CurveLine[]>;
  /** For screen readers: what the chart shows. */
  readonly title: string;
  readonly xLabel?: string;
  /** Default 190. */
  readonly height?: number;
  /** Least and largest value of the axis; what the data need else. */
  readonly range?: readonly [number | null, number | null];
  /** Default `short`. */
  readonly format?: (value: number) => string;
}

/** Lines on one axis: uPlot wants all of them over the same x. */
function joined(lines: readonly CurveLine[]): UPlot.AlignedData {
  const tables = lines.map(({ x, y }) => [x, y] as unknown as UPlot.AlignedData);
  if (tables.length === 0) return [[]];
  return UPlot.join(
    tables,
    lines.map(() => [0, 2] as unknown as UPlot.JoinNullMode[]),
  );
}

export function Curve({ lines, title, xLabel = "step", height = 190, range, format = short }: CurveProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const shape = useRef("");
  useSignalEffect(() => {
    const now = lines.value;
    const painted = colours.value;
    const key = `${painted} ${now.map(({ label, colour }) => label + colour).join("|")}`;
    if (!box.current) return;
    if (!plot.current || shape.current !== key) {
      plot.current?.destroy();
      shape.current = key;
      const width = Math.max(200, box.current.clientWidth);
      plot.current = new UPlot(optionsOf(now, { width, height, format, ...(range && { range }) }), joined(now), box.current);
    } else {
      plot.current.setData(joined(now));
    }
  });
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      const width = box.current?.clientWidth ?? 0;
      if (width > 0 && plot.current && plot.current.width !== width) plot.current.setSize({ width, height });
    });
    observer.observe(box.current!);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [height]);
  const isEmpty = lines.value.every(({ y }) => y.length === 0);
  return (
    <figure class="curve" style="margin:0">
      <figcaption class="legend">
        {lines.value.map(({ label, colour, y }) => (
          <span key={label}>
            <i style={`background:var(${colour})`} />
            {label} <b>{y.length === 0 ? "" : format(y.at(-1)!)}</b>
          </span>
        ))}
        <span style="margin-left:auto">{xLabel}</span>
      </figcaption>
      {isEmpty && (
        <p class="empty" style={`height:${height}px`}>
          The first steps draw it.
        </p>
      )}
      <div ref={box} role="img" aria-label={title} hidden={isEmpty} style={`height:${height}px`} />
    </figure>
  );
}

/** A label of an axis: no zeros that say nothing. */
function tick(label: string): string {
  return label.replace(/(\.\d*?)0+(?=$| )/, "$1").replace(/\.(?=$| )/, "");
}

function optionsOf(
  lines: readonly CurveLine[],
  { width, height, format, range }: { width: number; height: number; format: (value: number) => string; range?: CurveProps["range"] },
): UPlot.Options {
  const soft = colour("--soft");
  const grid = { stroke: colour("--line"), width: 1 };
  const axis = { stroke: soft, grid, ticks: { show: false }, font: "11px system-ui, sans-serif", gap: 6 };
  return {
    width,
    height,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false } },
    scales: {
      x: { time: false },
      y: {
        range: (_, least, largest) => {
          const [low, high] = range ?? [null, null];
          if (!Number.isFinite(least) || !Number.isFinite(largest)) return [low ?? 0, high ?? 1];
          const room = 0.08 * (largest - least || Math.abs(largest) || 1);
          return [low ?? least - room, high ?? largest + room];
        },
      },
    },
    axes: [
      { ...axis, size: 26, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? tick(short(value)) : "")) },
      { ...axis, size: 46, values: (_, splits) => splits.map((value) => tick(format(value))) },
    ],
    series: [
      {},
      ...lines.map(
        ({ label, colour: name, faint = false, dots = false }): UPlot.Series => ({
          label,
          stroke: faint ? `color-mix(in srgb, ${colour(name)} 38%, transparent)` : colour(name),
          width: faint ? 1 : 2,
          points: { show: dots, size: 6, fill: colour(name) },
          spanGaps: true,
        }),
      ),
    ],
  };
}
