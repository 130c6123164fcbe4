/** A drawing of an environment on a canvas. */

import type { Drawing } from "@dl/rl";

export function paintDrawing(canvas: HTMLCanvasElement, { width, height, background, shapes }: Drawing): void {
  const scale = canvas.width / width;
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.fillStyle = background;
  context.fillRect(0, 0, width, height);
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const shape of shapes) {
    if (shape.kind === "text") {
      context.font = `${shape.size}px monospace`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillStyle = shape.fill ?? "#000000";
      context.fillText(shape.text, shape.x, shape.y);
      continue;
    }
    context.beginPath();
    if (shape.kind === "circle") context.arc(shape.x, shape.y, shape.radius, 0, 2 * Math.PI);
    else for (const [i, [x, y]] of shape.points.entries()) i === 0 ? context.moveTo(x, y) : context.lineTo(x, y);
    if (shape.kind === "polygon") context.closePath();
    if (shape.fill) {
      context.fillStyle = shape.fill;
      context.fill();
    }
    const stroke = shape.stroke ?? (shape.kind === "line" ? "#000000" : undefined);
    if (stroke) {
      context.strokeStyle = stroke;
      context.lineWidth = shape.strokeWidth ?? 1;
      context.stroke();
    }
  }
}
