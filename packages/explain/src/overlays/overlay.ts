/** A heat map over its picture. */

import { type HostTensor, OptionError, ShapeError } from "@dl/core";
import { encodePng, type Pixels } from "@dl/train";

export interface OverlayOptions {
  /** Of the heat where it is hottest, from 0 to 1. Default 0.6. */
  readonly opacity?: number;
  /** Each pixel becomes a square of as many. Default 1. */
  readonly scale?: number;
}

/** Anchors of a colour scale from −1 to 1: blue for against, nothing at 0, then through red to yellow; told apart in grey too. */
const anchors: readonly (readonly [at: number, red: number, green: number, blue: number])[] = [
  [-1, 20, 60, 200],
  [0, 0, 0, 0],
  [0.35, 120, 20, 80],
  [0.7, 230, 90, 20],
  [1, 255, 235, 90],
];

/**
 * Colours over grey: the hotter, the less of the picture is seen.
 *
 * @param image  `[H, W, C]` from 0 to 1, of 1 or 3 channels; values outside are clipped.
 * @param options.map  `[H, W]` from 0 to 1, or from −1 to 1: see `heatMap`.
 */
export function overlay(image: HostTensor, { map, opacity = 0.6, scale = 1 }: OverlayOptions & { readonly map: HostTensor }): Pixels {
  const [height, width, channels] = image.shape;
  if (image.shape.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new ShapeError(`overlay: expected an image [H, W, 1] or [H, W, 3], got [${image.shape.join(", ")}].`);
  }
  if (map.shape.length !== 2 || map.shape[0] !== height || map.shape[1] !== width) {
    throw new ShapeError(`overlay: expected a map [${height}, ${width}] for the image, got [${map.shape.join(", ")}].`);
  }
  const beyond = map.data.find((value) => !(value >= -1 && value <= 1));
  if (beyond !== undefined) throw new OptionError(`overlay: expected a map from -1 to 1, got ${beyond} in it. Scale it with heatMap.`);
  if (!(opacity >= 0 && opacity <= 1)) throw new OptionError(`overlay: expected an opacity from 0 to 1, got ${opacity}.`);
  if (!Number.isInteger(scale) || scale < 1) throw new OptionError(`overlay: expected a whole scale of at least 1, got ${scale}.`);
  const data = new Uint8Array(height! * scale * width! * scale * 3);
  let at = 0;
  for (let y = 0; y < height! * scale; y++) {
    for (let x = 0; x < width! * scale; x++) {
      const pixel = Math.floor(y / scale) * width! + Math.floor(x / scale);
      const heat = map.data[pixel]!;
      const share = opacity * Math.abs(heat);
      const grey = 255 * greyOf(image, pixel, channels);
      for (const colour of colourOf(heat)) data[at++] = Math.round((1 - share) * grey + share * colour);
    }
  }
  return { width: width! * scale, height: height! * scale, channels: 3, data };
}

/** The overlay as a PNG file. */
export function overlayPng(image: HostTensor, options: OverlayOptions & { readonly map: HostTensor }): Uint8Array {
  return encodePng(overlay(image, options));
}

function greyOf({ data }: HostTensor, pixel: number, channels: 1 | 3): number {
  const value = channels === 1 ? data[pixel]! : 0.299 * data[3 * pixel]! + 0.587 * data[3 * pixel + 1]! + 0.114 * data[3 * pixel + 2]!;
  return Math.min(1, Math.max(0, value));
}

function colourOf(heat: number): [number, number, number] {
  const value = Math.min(1, Math.max(-1, heat));
  const above = Math.max(
    1,
    anchors.findIndex(([at]) => at >= value),
  );
  const [low, high] = [anchors[above - 1]!, anchors[above]!];
  const t = (value - low[0]) / (high[0] - low[0]);
  const mix = (channel: 1 | 2 | 3): number => low[channel] + t * (high[channel] - low[channel]);
  return [mix(1), mix(2), mix(3)];
}
