/** Pictures side by side on one canvas. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { pictureSize } from "./contract.ts";

/** Pixels between two pictures. */
const gap = 2;

export function PictureGrid({ pictures, columns, label }: { pictures: Uint8Array; columns: number; label: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = pictureSize * pictureSize;
  const count = pictures.length / size;
  const rows = Math.ceil(count / columns);
  const [width, height] = [columns * (pictureSize + gap) - gap, rows * (pictureSize + gap) - gap];
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(width, height);
    for (let i = 0; i < count; i++) {
      const [left, top] = [(i % columns) * (pictureSize + gap), Math.floor(i / columns) * (pictureSize + gap)];
      for (let at = 0; at < size; at++) {
        const place = 4 * ((top + Math.floor(at / pictureSize)) * width + left + (at % pictureSize));
        image.data.fill(pictures[i * size + at]!, place, place + 3);
        image.data[place + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
  }, [pictures, columns, count, width, height, size]);
  return <canvas ref={canvas} class="pixels picture-grid" width={width} height={height} role="img" aria-label={label} />;
}
