/** The normal distribution. Series: Abramowitz & Stegun 1964, 7.1.6; continued fraction: 7.1.14. */

/** Φ(z), to about 1e-15 absolute, and to 1e-12 of itself in the lower tail. */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const upper = x < 2 ? 0.5 - seriesOfErf(x) / 2 : fractionOfErfc(x) / 2;
  return z < 0 ? upper : 1 - upper;
}

/** Φ⁻¹(share), by bisection. */
export function normalQuantile(share: number): number {
  let [low, high] = [-38, 38];
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** erf x = 2/√π · e^(−x²) Σ 2ⁿ x^(2n+1) ÷ (2n + 1)!!, all terms above 0. */
function seriesOfErf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-18 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc x = e^(−x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))). */
function fractionOfErfc(x: number): number {
  let tail = x;
  for (let n = 120; n > 0; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}
