/** Images moved, turned and bent: every output pixel looked up where it came from, between its four neighbours. */

import type { FloatImage } from "./float-image.ts";

/** From output to source, in pixels: `x' = xx·x + xy·y + x0`, `y' = yx·x + yy·y + y0`. */
export interface AffineMap {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

export interface AffineParts {
  /** Turned against the clock, in degrees. */
  readonly angle?: number;
  /** Moved right and down, in pixels. */
  readonly translate?: readonly [number, number];
  /** Enlarged by this factor. */
  readonly scale?: number;
  /** Rows slid along by this share of their height over the centre, columns by this share of their width. */
  readonly shear?: readonly [number, number];
  /** What stays where it is, `[x, y]` in pixels: (0, 0) is the middle of the first. Default the middle of the image. */
  readonly center?: readonly [number, number];
}

/** The map whose forward direction shears, turns, enlarges and moves around `center`. */
export function affineMap(
  { height, width }: { height: number; width: number },
  { angle = 0, translate = [0, 0], scale = 1, shear = [0, 0], center = [(width - 1) / 2, (height - 1) / 2] }: AffineParts,
): AffineMap {
  const turn = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  // Forward: scale · rotation · shear.
  const [a, b, c, d] = [
    scale * (cos + sin * shear[1]),
    scale * (cos * shear[0] + sin),
    scale * (-sin + cos * shear[1]),
    scale * (-sin * shear[0] + cos),
  ];
  const determinant = a * d - b * c;
  const [xx, xy, yx, yy] = [d / determinant, -b / determinant, -c / determinant, a / determinant];
  const [centerX, centerY] = center;
  const [fromX, fromY] = [centerX + translate[0], centerY + translate[1]];
  return { xx, xy, x0: centerX - xx * fromX - xy * fromY, yx, yy, y0: centerY - yx * fromX - yy * fromY };
}

/** Changes `image` in place; what comes from outside is `fill`. */
export function warp({ data, height, width, channels }: FloatImage, map: AffineMap, { fill = 0 }: { fill?: number } = {}): void {
  const source = data.slice();
  const row = width * channels;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromX = map.xx * x + map.xy * y + map.x0;
      const fromY = map.yx * x + map.yy * y + map.y0;
      const to = y * row + x * channels;
      const left = Math.floor(fromX);
      const top = Math.floor(fromY);
      if (!(left >= -1 && left < width && top >= -1 && top < height)) {
        for (let c = 0; c < channels; c++) data[to + c] = fill;
        continue;
      }
      const right = fromX - left;
      const down = fromY - top;
      const [inLeft, inRight, inTop, inBottom] = [left >= 0, left + 1 < width, top >= 0, top + 1 < height];
      const at = top * row + left * channels;
      for (let c = 0; c < channels; c++) {
        const a = inTop && inLeft ? source[at + c]! : fill;
        const b = inTop && inRight ? source[at + channels + c]! : fill;
        const d = inBottom && inLeft ? source[at + row + c]! : fill;
        const e = inBottom && inRight ? source[at + row + channels + c]! : fill;
        data[to + c] = (a * (1 - right) + b * right) * (1 - down) + (d * (1 - right) + e * right) * down;
      }
    }
  }
}
