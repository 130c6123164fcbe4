/** How each output pixel is made of input pixels: Pillow's filters, which average when they shrink. Pillow, `src/libImaging/Resample.c`. */

/** For each output position: the first input it covers and their weights. */
export interface Weights {
  readonly first: Int32Array;
  readonly taps: number;
  /** `[positions, taps]` */
  readonly values: Float32Array;
}

export type Filter = "bilinear" | "bicubic";

const filters: Readonly<Record<Filter, { readonly support: number; weight(distance: number): number }>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys 1981, with a = −0.5.
  bicubic: {
    support: 2,
    weight: (distance) => {
      const x = Math.abs(distance);
      if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
      return x < 2 ? -0.5 * (x ** 3 - 5 * x ** 2 + 8 * x - 4) : 0;
    },
  },
};

/** Weights that bring `inputs` pixels to `outputs`. */
export function filterWeights(inputs: number, outputs: number, { filter = "bilinear" }: { filter?: Filter } = {}): Weights {
  const { support: reach, weight } = filters[filter];
  const scale = inputs / outputs;
  // Enlarging interpolates between neighbours; shrinking averages over everything a pixel covers.
  const stretch = Math.max(1, scale);
  const support = reach * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputs);
  const values = new Float32Array(outputs * taps);
  for (let i = 0; i < outputs; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(0, Math.floor(center - support + 0.5));
    const end = Math.min(inputs, Math.floor(center + support + 0.5));
    let sum = 0;
    for (let j = start; j < end; j++) sum += weight((j - center + 0.5) / stretch);
    for (let j = start; j < end; j++) values[i * taps + j - start] = weight((j - center + 0.5) / stretch) / sum;
    first[i] = start;
  }
  return { first, taps, values };
}

interface Plane {
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** Writes the rectangle `box` of `source` into all of `target`, bilinear. */
export function resampleFloat(
  source: Plane & { readonly channels: number },
  box: { readonly top: number; readonly left: number; readonly height: number; readonly width: number },
  target: Plane,
): void {
  const { channels } = source;
  const across = filterWeights(box.width, target.width);
  const down = filterWeights(box.height, target.height);
  // Rows first: [box height, target width, C].
  const stride = target.width * channels;
  const rows = new Float32Array(box.height * stride);
  for (let y = 0; y < box.height; y++) {
    const from = ((box.top + y) * source.width + box.left) * channels;
    for (let x = 0; x < target.width; x++) {
      for (let tap = 0, at = from + across.first[x]! * channels; tap < across.taps; tap++, at += channels) {
        const weight = across.values[x * across.taps + tap]!;
        if (weight === 0) continue;
        const to = y * stride + x * channels;
        for (let c = 0; c < channels; c++) rows[to + c]! += weight * source.data[at + c]!;
      }
    }
  }
  target.data.fill(0);
  for (let y = 0; y < target.height; y++) {
    for (let tap = 0; tap < down.taps; tap++) {
      const weight = down.values[y * down.taps + tap]!;
      if (weight === 0) continue;
      const from = (down.first[y]! + tap) * stride;
      for (let i = 0; i < stride; i++) target.data[y * stride + i]! += weight * rows[from + i]!;
    }
  }
}
