/** Pixels in a terminal: two to a character, the upper as the colour of a half block, the lower as its background. */

import type { PixelImage } from "./rasterize.ts";

/** Lines of half blocks with 24-bit colours, each ending with a reset. */
export function toTerminal({ width, height, data }: PixelImage): string {
  const color = (x: number, y: number): string => {
    const at = 4 * (Math.min(y, height - 1) * width + x);
    return `${data[at]};${data[at + 1]};${data[at + 2]}`;
  };
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = "";
    let before = "";
    for (let x = 0; x < width; x++) {
      const paint = `\x1b[38;2;${color(x, y)};48;2;${color(x, y + 1)}m`;
      line += paint === before ? "▀" : `${paint}▀`;
      before = paint;
    }
    lines.push(`${line}\x1b[0m`);
  }
  return lines.join("\n");
}
