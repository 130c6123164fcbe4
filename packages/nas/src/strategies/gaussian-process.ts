/** Regression by a Gaussian process with a Matérn kernel. Rasmussen and Williams 2006, algorithm 2.1 and equation 4.17. */

import { choleskyFactor, solveLower, solveUpper } from "./cholesky.ts";

export interface Prediction {
  readonly mean: number;
  readonly deviation: number;
}

/** Length scales tried, in units of the root of the number of features; the likeliest is taken. */
const lengthScales = [0.1, 0.2, 0.4, 0.8, 1.6] as const;
/** Variance of the noise, beside a signal of variance 1. */
const noise = 1e-2;

/** Fits to points and values; gives the prediction at a point. Values are standardised inside. */
export function gaussianProcess(points: readonly Float64Array[], values: readonly number[]): (point: Float64Array) => Prediction {
  const count = points.length;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  const scale = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count) || 1;
  const targets = Float64Array.from(values, (value) => (value - mean) / scale);
  const fits = lengthScales.map((share) => {
    const lengthScale = share * Math.sqrt(points[0]!.length);
    const matrix = new Float64Array(count * count);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) matrix[i * count + j] = matrix[j * count + i] = matern(points[i]!, points[j]!, lengthScale);
      matrix[i * count + i]! += noise;
    }
    const factor = choleskyFactor(matrix, count);
    const weights = solveUpper(factor, solveLower(factor, targets));
    let logLikelihood = 0;
    for (let i = 0; i < count; i++) logLikelihood -= 0.5 * targets[i]! * weights[i]! + Math.log(factor[i * count + i]!);
    return { lengthScale, factor, weights, logLikelihood };
  });
  const { lengthScale, factor, weights } = fits.reduce((best, fit) => (fit.logLikelihood > best.logLikelihood ? fit : best));
  return (point) => {
    const covariances = Float64Array.from(points, (other) => matern(point, other, lengthScale));
    const explained = solveLower(factor, covariances);
    let variance = 1;
    let guess = 0;
    for (let i = 0; i < count; i++) {
      variance -= explained[i]! ** 2;
      guess += covariances[i]! * weights[i]!;
    }
    return { mean: mean + scale * guess, deviation: scale * Math.sqrt(Math.max(variance, 1e-12)) };
  };
}

/** The Matérn covariance with ν = 5/2. */
function matern(a: Float64Array, b: Float64Array, lengthScale: number): number {
  let squared = 0;
  for (let i = 0; i < a.length; i++) squared += (a[i]! - b[i]!) ** 2;
  const d = Math.sqrt(5 * squared) / lengthScale;
  return (1 + d + (d * d) / 3) * Math.exp(-d);
}
