/** A drawing made ready as MNIST's digits were: scaled into a box of 20 × 20, its centre of mass in the middle of 28 × 28. LeCun et al. 1998, section III.A. */

/** Ink from 0 to 1, row by row, `size²` numbers. */
export interface Ink {
  readonly size: number;
  readonly data: Float32Array;
}

const box = 20;
const outer = 28;

/** `28 · 28` numbers in [0, 1]; undefined for an empty drawing. */
export function digitOf({ size, data }: Ink): Float32Array | undefined {
  let [left, right, top, bottom] = [size, -1, size, -1];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (data[y * size + x]! < 0.05) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  if (right < 0) return undefined;
  const [width, height] = [right - left + 1, bottom - top + 1];
  const scale = box / Math.max(width, height);
  const small = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const shrunk = averaged(data, { size, left, top, width, height, small });
  // Of the ink, not of the box: that is how the set was centred.
  let [sum, atX, atY] = [0, 0, 0];
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      const ink = shrunk[y * small.width + x]!;
      sum += ink;
      atX += ink * x;
      atY += ink * y;
    }
  }
  const offsetX = clamp(Math.round(outer / 2 - 0.5 - atX / sum), outer - small.width);
  const offsetY = clamp(Math.round(outer / 2 - 0.5 - atY / sum), outer - small.height);
  const digit = new Float32Array(outer * outer);
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) digit[(y + offsetY) * outer + x + offsetX] = shrunk[y * small.width + x]!;
  }
  return digit;
}

/** Each small pixel is the mean of the area it covers. */
function averaged(
  data: Float32Array,
  {
    size,
    left,
    top,
    width,
    height,
    small,
  }: { size: number; left: number; top: number; width: number; height: number; small: { width: number; height: number } },
): Float32Array {
  const result = new Float32Array(small.width * small.height);
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      const [x0, x1] = [Math.floor((x * width) / small.width), Math.max(Math.ceil(((x + 1) * width) / small.width), 1)];
      const [y0, y1] = [Math.floor((y * height) / small.height), Math.max(Math.ceil(((y + 1) * height) / small.height), 1)];
      let sum = 0;
      for (let sy = y0; sy < y1; sy++) for (let sx = x0; sx < x1; sx++) sum += data[(top + sy) * size + left + sx]!;
      result[y * small.width + x] = sum / ((x1 - x0) * (y1 - y0));
    }
  }
  return result;
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}
