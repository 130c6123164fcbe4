/** Small pictures on canvases: images of data sets, maps of layers, heat over a picture. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { colours } from "../shell/theme.ts";

export interface PixelsProps {
  /** `height · width · channels` numbers in [0, 1]; one channel is grey. */
  readonly data: ArrayLike<number>;
  readonly shape: readonly [number, number, number];
  /** What numbers are divided by. Default 1; 255 for bytes. */
  readonly scale?: number;
  readonly label: string;
  /** Laid over the picture, `height · width` numbers from 0 up. */
  readonly heat?: ArrayLike<number> | undefined;
  readonly size?: number;
}

export function Pixels({ data, shape: [height, width, channels], scale = 1, label, heat, size }: PixelsProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = (255 * data[i * channels + (channels === 3 ? c : 0)]!) / scale;
      image.data[4 * i + 3] = 255;
    }
    if (heat) lay(heat, image);
    context.putImageData(image, 0, 0);
  }, [data, heat, height, width, channels, scale, colours.value]);
  return (
    <canvas
      ref={canvas}
      class="pixels"
      width={width}
      height={height}
      role="img"
      aria-label={label}
      style={size === undefined ? "" : `width:${size}px;height:${(size * height) / width}px`}
    />
  );
}

/** Heat as a wash of orange, as strong as its share of the largest. */
function lay(heat: ArrayLike<number>, image: ImageData): void {
  let largest = 0;
  for (let i = 0; i < heat.length; i++) largest = Math.max(largest, heat[i]!);
  if (largest === 0) return;
  for (let i = 0; i < heat.length; i++) {
    const share = 0.82 * (heat[i]! / largest) ** 0.8;
    for (const [c, tone] of [255, 110, 20].entries()) image.data[4 * i + c] = (1 - share) * image.data[4 * i + c]! + share * tone;
  }
}

/** All channels of a layer's output side by side, each in its own contrast. */
export function MapSheet({
  data,
  shape: [height, width, channels],
  label,
}: {
  data: Float32Array;
  shape: readonly [number, number, number];
  label: string;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const columns = Math.min(channels, 8);
  const rows = Math.ceil(channels / columns);
  const [sheetWidth, sheetHeight] = [columns * (width + 1) - 1, rows * (height + 1) - 1];
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(sheetWidth, sheetHeight);
    for (let channel = 0; channel < channels; channel++) {
      let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let i = channel; i < data.length; i += channels) {
        least = Math.min(least, data[i]!);
        largest = Math.max(largest, data[i]!);
      }
      const range = largest - least || 1;
      const [left, top] = [(channel % columns) * (width + 1), Math.floor(channel / columns) * (height + 1)];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const share = (data[(y * width + x) * channels + channel]! - least) / range;
          image.data.set(tone(share), 4 * ((top + y) * sheetWidth + left + x));
        }
      }
    }
    context.putImageData(image, 0, 0);
  }, [data, channels, height, width, sheetWidth, sheetHeight]);
  return (
    <canvas
      ref={canvas}
      class="pixels"
      width={sheetWidth}
      height={sheetHeight}
      role="img"
      aria-label={label}
      style="width:100%;border-radius:6px"
    />
  );
}

/** From night to light: dark blue, violet, orange, cream. */
function tone(share: number): readonly number[] {
  const stops = [
    [14, 17, 46],
    [84, 46, 130],
    [214, 84, 76],
    [252, 176, 88],
    [255, 246, 214],
  ];
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const [from, to] = [stops[Math.floor(at)]!, stops[Math.ceil(at)]!];
  return [...from.map((value, c) => value + (at % 1) * (to[c]! - value)), 255];
}
