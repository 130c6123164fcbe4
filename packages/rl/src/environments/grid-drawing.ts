/** Boards of square cells as drawings. */

import { type Drawing, rectangle, type Shape2d } from "../drawing/drawing.ts";

export interface Cell2d {
  readonly fill: string;
  readonly text?: string;
}

/** A board of `rows` × `columns` cells, 40 units each, with a player (a circle) on one of them. */
export function drawGrid(
  { rows, columns, player }: { rows: number; columns: number; player?: readonly [number, number] },
  cell: (row: number, column: number) => Cell2d,
): Drawing {
  const side = 40;
  const shapes: Shape2d[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const { fill, text } = cell(row, column);
      shapes.push(rectangle([column * side, row * side], { width: side, height: side, fill, stroke: "#b0b0b0" }));
      if (text !== undefined) shapes.push({ kind: "text", x: (column + 0.5) * side, y: (row + 0.5) * side, text, size: 18 });
    }
  }
  if (player !== undefined) {
    shapes.push({ kind: "circle", x: (player[1] + 0.5) * side, y: (player[0] + 0.5) * side, radius: 12, fill: "#d03030" });
  }
  return { width: columns * side, height: rows * side, background: "#ffffff", shapes };
}
