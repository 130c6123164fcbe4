/** What the agent does, or expects, in every state of a plane. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { colour, colours } from "../../shell/theme.ts";
import { short } from "../../widgets/reading.tsx";
import { mapSize } from "./contract.ts";
import type { World } from "./worlds.ts";

export interface StateMapProps {
  readonly title: string;
  readonly values: Float32Array;
  readonly map: NonNullable<World["map"]>;
  /** Words for the lowest and the highest; else their numbers. */
  readonly ends?: readonly [string, string];
}

export function StateMap({ title, values, map, ends }: StateMapProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    largest = Math.max(largest, value);
  }
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const [from, to] = [rgb(colour("--second")), rgb(colour("--accent"))];
    const image = context.createImageData(mapSize, mapSize);
    for (const [i, value] of values.entries()) {
      const share = largest === least ? 0.5 : (value - least) / (largest - least);
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = from[c]! + share * (to[c]! - from[c]!);
      image.data[4 * i + 3] = 60 + 195 * Math.abs(2 * share - 1);
    }
    context.putImageData(image, 0, 0);
  }, [values, least, largest, colours.value]);
  const [low, high] = ends ?? [short(least), short(largest)];
  return (
    <figure class="state-map">
      <figcaption class="small">
        <b>{title}</b>
        <span class="soft">
          <i style="background:var(--second)" /> {low} <i style="background:var(--accent)" /> {high}
        </span>
      </figcaption>
      <canvas
        ref={canvas}
        class="pixels"
        width={mapSize}
        height={mapSize}
        role="img"
        aria-label={`${title} by ${map.across.label} and ${map.up.label}`}
      />
      <p class="soft small">
        → {map.across.label} &nbsp; ↑ {map.up.label}
      </p>
    </figure>
  );
}

/** `#2f49c9` as numbers. */
function rgb(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
