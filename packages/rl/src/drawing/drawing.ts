/** Pictures as shapes: what environments draw, and SVG, pixels and terminals show. */

/** Fill and outline of a shape; colours are `#rrggbb`. */
export interface Paint {
  readonly fill?: string;
  readonly stroke?: string;
  /** Of the outline, in units of the drawing. Default 1. */
  readonly strokeWidth?: number;
}

/** One shape, in units of the drawing: x to the right, y down. */
export type Shape2d =
  | ({ readonly kind: "polygon"; readonly points: readonly (readonly [number, number])[] } & Paint)
  | ({ readonly kind: "line"; readonly points: readonly (readonly [number, number])[] } & Paint)
  | ({ readonly kind: "circle"; readonly x: number; readonly y: number; readonly radius: number } & Paint)
  | { readonly kind: "text"; readonly x: number; readonly y: number; readonly text: string; readonly size: number; readonly fill?: string };

/** Shapes, the later over the earlier. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly background: string;
  readonly shapes: readonly Shape2d[];
}

/** A rectangle from its upper left corner. */
export function rectangle(
  corner: readonly [number, number],
  { width, height, ...paint }: { width: number; height: number } & Paint,
): Shape2d {
  const [x, y] = corner;
  return {
    kind: "polygon",
    points: [
      [x, y],
      [x + width, y],
      [x + width, y + height],
      [x, y + height],
    ],
    ...paint,
  };
}

/** The drawing as an SVG document. */
export function toSvg({ width, height, background, shapes }: Drawing): string {
  const body = shapes.map(element).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${number(width)} ${number(height)}"><rect width="100%" height="100%" fill="${background}"/>${body}</svg>`;
}

function element(shape: Shape2d): string {
  switch (shape.kind) {
    case "polygon":
      return `<polygon points="${points(shape.points)}"${paint(shape)}/>`;
    case "line":
      return `<polyline points="${points(shape.points)}"${paint({ stroke: "#000000", ...shape })}/>`;
    case "circle":
      return `<circle cx="${number(shape.x)}" cy="${number(shape.y)}" r="${number(shape.radius)}"${paint(shape)}/>`;
    case "text":
      return `<text x="${number(shape.x)}" y="${number(shape.y)}" font-family="monospace" font-size="${number(shape.size)}" text-anchor="middle" dominant-baseline="central" fill="${shape.fill ?? "#000000"}">${escape(shape.text)}</text>`;
    default:
      return shape satisfies never;
  }
}

function paint({ fill = "none", stroke, strokeWidth = 1 }: Paint): string {
  return ` fill="${fill}"${stroke === undefined ? "" : ` stroke="${stroke}" stroke-width="${number(strokeWidth)}" stroke-linecap="round" stroke-linejoin="round"`}`;
}

function points(list: readonly (readonly [number, number])[]): string {
  return list.map(([x, y]) => `${number(x)},${number(y)}`).join(" ");
}

/** Three decimals: enough for a picture, and the same text on every engine. */
function number(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
