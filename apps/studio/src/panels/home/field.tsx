/** The plane as the network sees it, and the points it learns from. */

import { type ReadonlySignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { colour, colours } from "../../shell/theme.ts";
import { extent, fieldSize } from "./contract.ts";
import type { LabelledPoints } from "./points.ts";

/** Pixels of the canvas along each side. */
const side = 640;

export function Field({
  field,
  points,
}: {
  field: ReadonlySignal<Float32Array | undefined>;
  points: ReadonlySignal<LabelledPoints>;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useSignalEffect(() => {
    const [values, { points: places, labels }] = [field.value, points.value];
    void colours.value;
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const [zero, one] = [rgb(colour("--second")), rgb(colour("--accent"))];
    context.fillStyle = colour("--card");
    context.fillRect(0, 0, side, side);
    if (values) paint(context, values, [zero, one]);
    const radius = 5;
    for (let i = 0; i < labels.data.length; i++) {
      const x = ((places.data[2 * i]! + extent) / (2 * extent)) * side;
      const y = side - ((places.data[2 * i + 1]! + extent) / (2 * extent)) * side;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = `rgb(${(labels.data[i] === 1 ? one : zero).join(" ")})`;
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = colour("--card");
      context.stroke();
    }
  });
  return (
    <canvas
      ref={canvas}
      width={side}
      height={side}
      role="img"
      aria-label="Points of two classes, and the network's answer for every place between them"
    />
  );
}

/** The field in one small picture, enlarged smoothly. */
function paint(context: CanvasRenderingContext2D, values: Float32Array, [zero, one]: readonly [number[], number[]]): void {
  const image = new ImageData(fieldSize, fieldSize);
  values.forEach((probability, cell) => {
    const [from, strength] = probability > 0.5 ? [one, 2 * probability - 1] : [zero, 1 - 2 * probability];
    for (let channel = 0; channel < 3; channel++) image.data[4 * cell + channel] = from[channel]!;
    image.data[4 * cell + 3] = 18 + 92 * strength;
  });
  const small = new OffscreenCanvas(fieldSize, fieldSize);
  small.getContext("2d")!.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, side, side);
}

/** `#2f49c9` as numbers. */
function rgb(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
