/** Drawings as pixels, without a browser: polygons filled line by line, at twice the size, then averaged. Text is left out. */

import { OptionError } from "@dl/core";
import type { Drawing, Shape2d } from "./drawing.ts";

/** `[height, width, 4]` bytes: red, green, blue, opacity. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

type Point = readonly [number, number];

/** The drawing, as wide as asked and as high as its proportions say. */
export function rasterize(drawing: Drawing, { width }: { width: number }): PixelImage {
  if (!Number.isInteger(width) || width < 1) throw new OptionError(`rasterize: expected a whole width ≥ 1, got ${width}.`);
  const height = Math.max(1, Math.round((width * drawing.height) / drawing.width));
  const canvas = new Canvas(2 * width, 2 * height, (2 * width) / drawing.width);
  canvas.clear(drawing.background);
  for (const shape of drawing.shapes) canvas.draw(shape);
  return canvas.halved();
}

class Canvas {
  readonly #width: number;
  readonly #height: number;
  readonly #scale: number;
  readonly #rgb: Uint8Array;

  constructor(width: number, height: number, scale: number) {
    this.#width = width;
    this.#height = height;
    this.#scale = scale;
    this.#rgb = new Uint8Array(width * height * 3);
  }

  clear(color: string): void {
    const [r, g, b] = parseColor(color);
    for (let i = 0; i < this.#rgb.length; i += 3) this.#rgb.set([r, g, b], i);
  }

  draw(shape: Shape2d): void {
    if (shape.kind === "text") return;
    const outline = shape.kind === "circle" ? ring(shape) : shape.points;
    if (shape.kind !== "line" && shape.fill !== undefined && shape.fill !== "none") this.#fill(outline, shape.fill);
    const stroke = shape.stroke ?? (shape.kind === "line" ? "#000000" : undefined);
    if (stroke === undefined) return;
    const closed = shape.kind === "line" ? outline : [...outline, outline[0]!];
    const radius = (shape.strokeWidth ?? 1) / 2;
    for (let i = 0; i + 1 < closed.length; i++) this.#segment(closed[i]!, closed[i + 1]!, { radius, stroke });
  }

  /** A thick line with round ends: what joins it needs no other care. */
  #segment([x0, y0]: Point, [x1, y1]: Point, { radius, stroke }: { radius: number; stroke: string }): void {
    const length = Math.hypot(x1 - x0, y1 - y0);
    const [dx, dy] = length === 0 ? [0, 0] : [((y1 - y0) / length) * radius, ((x0 - x1) / length) * radius];
    const sides: Point[] = [
      [x0 + dx, y0 + dy],
      [x1 + dx, y1 + dy],
      [x1 - dx, y1 - dy],
      [x0 - dx, y0 - dy],
    ];
    this.#fill(sides, stroke);
    if (radius * this.#scale < 1.5) return;
    this.#fill(ring({ x: x0, y: y0, radius }), stroke);
    this.#fill(ring({ x: x1, y: y1, radius }), stroke);
  }

  /** Pixels whose centre lies inside, by the even-odd rule. */
  #fill(points: readonly Point[], color: string): void {
    const [r, g, b] = parseColor(color);
    const scaled = points.map(([x, y]): Point => [x * this.#scale, y * this.#scale]);
    const top = Math.max(0, Math.floor(Math.min(...scaled.map(([, y]) => y))));
    const bottom = Math.min(this.#height - 1, Math.ceil(Math.max(...scaled.map(([, y]) => y))));
    for (let row = top; row <= bottom; row++) {
      const crossings: number[] = [];
      for (let i = 0; i < scaled.length; i++) {
        const [x0, y0] = scaled[i]!;
        const [x1, y1] = scaled[(i + 1) % scaled.length]!;
        const y = row + 0.5;
        if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
      }
      crossings.sort((a, b) => a - b);
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        const from = Math.max(0, Math.ceil(crossings[i]! - 0.5));
        const to = Math.min(this.#width - 1, Math.ceil(crossings[i + 1]! - 0.5) - 1);
        for (let column = from; column <= to; column++) {
          const at = 3 * (row * this.#width + column);
          this.#rgb[at] = r;
          this.#rgb[at + 1] = g;
          this.#rgb[at + 2] = b;
        }
      }
    }
  }

  halved(): PixelImage {
    const width = this.#width / 2;
    const height = this.#height / 2;
    const data = new Uint8Array(width * height * 4).fill(255);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < 3; c++) {
          const at = 3 * (2 * y * this.#width + 2 * x) + c;
          const below = at + 3 * this.#width;
          data[4 * (y * width + x) + c] = Math.round((this.#rgb[at]! + this.#rgb[at + 3]! + this.#rgb[below]! + this.#rgb[below + 3]!) / 4);
        }
      }
    }
    return { width, height, data };
  }
}

function ring({ x, y, radius }: { x: number; y: number; radius: number }): Point[] {
  return Array.from(
    { length: 24 },
    (_, i): Point => [x + radius * Math.cos((i * Math.PI) / 12), y + radius * Math.sin((i * Math.PI) / 12)],
  );
}

function parseColor(color: string): readonly [number, number, number] {
  const value = /^#[0-9a-f]{6}$/i.test(color) ? Number.parseInt(color.slice(1), 16) : Number.NaN;
  if (Number.isNaN(value)) throw new OptionError(`rasterize: expected a colour such as #20a0ff, got ${JSON.stringify(color)}.`);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
