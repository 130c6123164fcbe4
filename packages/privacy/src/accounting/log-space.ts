/** Sums and differences of numbers that only their logarithms fit into a float. */

/** ln(eᵃ + eᵇ). */
export function logAdd(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === -Infinity ? high : high + Math.log1p(Math.exp(low - high));
}

/** ln(eᵃ − eᵇ), for a ≥ b; −∞ when rounding has put b above a. */
export function logSubtract(a: number, b: number): number {
  if (b === -Infinity) return a;
  return b >= a ? -Infinity : a + Math.log(-Math.expm1(b - a));
}

/**
 * ln erfc(x) over the whole line. Below 2 from the series of erf (Abramowitz & Stegun 1964, 7.1.6), above from the continued fraction
 * of erfc (7.1.14), whose factor e^(−x²) is never multiplied out.
 */
export function logErfc(x: number): number {
  if (x < 0) return Math.log(2 - Math.exp(logErfc(-x)));
  if (x >= 2) {
    // As many terms as leave no digit to be found; the larger x, the fewer.
    let tail = x;
    for (let n = Math.ceil(12 + 450 / (x * x)); n > 0; n--) tail = x + n / 2 / tail;
    return -x * x - Math.log(Math.sqrt(Math.PI) * tail);
  }
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-18 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return Math.log1p((-2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum);
}
