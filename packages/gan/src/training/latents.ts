/** Latent vectors: drawn, truncated, and the ways between them. */

import { type HostTensor, hostTensor, OptionError, type Rng, ShapeError } from "@dl/core";

export interface LatentOptions {
  /** Length of a vector. */
  size: number;
  rng: Rng;
  /** Draws components above this many standard deviations again: fewer, better samples. Brock et al. 2018, arXiv:1809.11096, section 3.1. Default none. */
  truncation?: number;
}

/** Normal vectors `[count, size]`. */
export function drawLatents(count: number, { size, rng, truncation }: LatentOptions): HostTensor {
  for (const [name, value] of Object.entries({ count, size })) {
    if (!Number.isInteger(value) || value < 1) throw new OptionError(`drawLatents: expected a whole ${name} ≥ 1, got ${value}.`);
  }
  if (truncation === undefined) return rng.normal([count, size]);
  if (!(truncation > 0)) throw new OptionError(`drawLatents: expected a truncation above 0, got ${truncation}. 0.5 to 2 are usual.`);
  return rng.truncatedNormal([count, size], 0, 1, truncation);
}

export interface InterpolateOptions {
  /** Vectors in all, both ends included; at least 2. */
  steps: number;
  /** `spherical` keeps the length that normal vectors have; White 2016, arXiv:1609.04468. Default `spherical`. */
  path?: "spherical" | "linear";
}

/**
 * Vectors from `from` to `to`, `[steps, size]`.
 *
 * @example
 * interpolateLatents(hostTensor(Float32Array.of(1, 0), [2]), hostTensor(Float32Array.of(0, 1), [2]), { steps: 3 }).data; // 1, 0, 0.7071, 0.7071, 0, 1
 */
export function interpolateLatents(from: HostTensor, to: HostTensor, { steps, path = "spherical" }: InterpolateOptions): HostTensor {
  const size = from.data.length;
  if (from.shape.length !== 1 || to.shape.length !== 1 || to.data.length !== size || size === 0) {
    throw new ShapeError(`interpolateLatents: expected two vectors [size], got [${from.shape.join(", ")}] and [${to.shape.join(", ")}].`);
  }
  if (!Number.isInteger(steps) || steps < 2)
    throw new OptionError(`interpolateLatents: expected a whole number of steps ≥ 2, got ${steps}.`);
  const [a, b] = [Float64Array.from(from.data), Float64Array.from(to.data)];
  const length = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
  const cosine = a.reduce((sum, value, i) => sum + value * b[i]!, 0) / (length(a) * length(b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  // Between vectors of one direction, or of none, the sphere's formula is 0/0: the line is its limit.
  const straight = path === "linear" || !(Math.sin(angle) > 1e-6);
  const data = new Float32Array(steps * size);
  for (let step = 0; step < steps; step++) {
    const t = step / (steps - 1);
    const [p, q] = straight ? [1 - t, t] : [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
    for (let i = 0; i < size; i++) data[step * size + i] = p * a[i]! + q * b[i]!;
  }
  return hostTensor(data, [steps, size]);
}
