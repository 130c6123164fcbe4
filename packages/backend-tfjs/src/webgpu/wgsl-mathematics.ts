/**
 * Functions WGSL lacks, or promises too little about: its `exp`, `log`, `tanh` may lose NaN and precision near zero.
 *
 * NaN and ∞ are told by their bits: a compiler may assume that floats are neither (WGSL, section 15.7.2).
 */

/** Each function's source, and the others it stands on. */
const library: Record<string, { readonly source: string; readonly needs?: readonly string[] }> = {
  isNan: { source: "fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }" },
  isFin: { source: "fn isFin(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }" },
  /** Values a compiler cannot see through: constants that are infinite or NaN are errors in WGSL. */
  constants: {
    source: `
var<private> infinityBits: u32 = 0x7f800000u;
var<private> nanBits: u32 = 0x7fc00000u;
fn infinity() -> f32 { return bitcast<f32>(infinityBits); }
fn nan() -> f32 { return bitcast<f32>(nanBits); }`,
  },
  rootOf: {
    needs: ["isNan", "isFin", "constants"],
    source: `
fn rootOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x < 0.0) { return nan(); }
  if (!isFin(x)) { return x; }
  return sqrt(x);
}`,
  },
  /** eˣ: 2ⁿ·eʳ with r within ±½ ln 2, a polynomial of degree 6. Cody and Waite 1980, chapter 6. */
  exponential: {
    needs: ["isNan", "constants"],
    source: `
fn exponential(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x > 88.72283) { return infinity(); }
  if (x < -103.97) { return 0.0; }
  let n = floor(x * 1.44269504 + 0.5);
  let r = (x - n * 0.693359375) + n * 2.12194440e-4;
  let e = 1.0 + r * (1.0 + r * (0.5 + r * (0.166666657 + r * (0.0416666567 + r * (8.33340883e-3 + r * 1.39304355e-3)))));
  let half = i32(n) / 2;
  return e * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((i32(n) - half + 127) << 23u);
}`,
  },
  /** eˣ − 1, by its series near zero. */
  exponentialMinus1: {
    needs: ["exponential"],
    source: `
fn exponentialMinus1(x: f32) -> f32 {
  if (abs(x) > 0.5) { return exponential(x) - 1.0; }
  return x * (1.0 + x * (0.5 + x * (0.166666667 + x * (0.0416666667 + x * (8.33333333e-3 + x * (1.38888889e-3 + x * (1.98412698e-4 + x * (2.48015873e-5 + x * 2.75573192e-6))))))));
}`,
  },
  /** ln x: the exponent and a series in (m − 1)/(m + 1), m within √½ and √2. */
  logarithm: {
    needs: ["isNan", "isFin", "constants"],
    source: `
fn logarithm(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x < 0.0) { return nan(); }
  if (x == 0.0) { return -infinity(); }
  if (!isFin(x)) { return x; }
  var scaled = x;
  var exponent = 0.0;
  if (x < 1.17549435e-38) { scaled = x * 8388608.0; exponent = -23.0; }
  let bits = bitcast<i32>(scaled) - 0x3f3504f3;
  exponent += f32(bits >> 23u);
  let m = bitcast<f32>((bits & 0x007fffff) + 0x3f3504f3);
  return exponent * 0.693145752 + (logarithmOf1(m - 1.0) + exponent * 1.42860677e-6);
}
fn logarithmOf1(f: f32) -> f32 {
  let s = f / (2.0 + f);
  let z = s * s;
  let tail = z * (0.666666667 + z * (0.4 + z * (0.285714286 + z * (0.222222222 + z * 0.181818182))));
  return f - (0.5 * f * f - s * (0.5 * f * f + tail));
}`,
  },
  /** ln(1 + x), exact where 1 + x rounds. Kahan's correction: the logarithm of u = 1 + x, scaled by x / (u − 1). */
  logarithm1p: {
    needs: ["logarithm"],
    source: `
fn logarithm1p(x: f32) -> f32 {
  if (abs(x) < 0.3) { return logarithmOf1(x); }
  return logarithm(1.0 + x);
}`,
  },
  /** tanh: its series near zero, and 1 − 2/(e²ˣ + 1). */
  hyperbolicTangent: {
    needs: ["exponentialMinus1"],
    source: `
fn hyperbolicTangent(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (abs(x) > 9.5) { return sign(x); }
  let e = exponentialMinus1(2.0 * abs(x));
  return sign(x) * (e / (e + 2.0));
}`,
  },
  sigmoidOf: {
    needs: ["exponential"],
    source: `
fn sigmoidOf(x: f32) -> f32 {
  if (x >= 0.0) { return 1.0 / (1.0 + exponential(-x)); }
  let e = exponential(x);
  return e / (1.0 + e);
}`,
  },
  /**
   * erfc within 1.2·10⁻⁷ of itself, by a Chebyshev fit (Press et al. 1992, Numerical Recipes, section 6.2); erf near zero by its Maclaurin
   * series (Abramowitz and Stegun 1964, 7.1.6), and Φ with it, whose small tails keep their relative precision.
   */
  errorFunction: {
    needs: ["exponential"],
    source: `
fn complement(x: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.5 * x);
  let fit = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807
    + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return t * exponential(-x * x) * exponential(fit);
}
fn errorFunction(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  if (a > 4.0) { return sign(x); }
  if (a > 0.9) { return sign(x) * (1.0 - complement(a)); }
  var term = x;
  var total = x;
  for (var n = 1; n < 12; n++) {
    term *= 2.0 * x * x / f32(2 * n + 1);
    total += term;
  }
  return 1.12837917 * exponential(-x * x) * total;
}
fn normalBelow(x: f32) -> f32 {
  let z = x * 0.707106781;
  if (z < -0.5) { if (z < -9.5) { return 0.0; } return 0.5 * complement(-z); }
  return 0.5 * (1.0 + errorFunction(z));
}`,
  },
  /**
   * x − n·π/2 in three parts, then the polynomials of sine and cosine within ±π/4. Cody and Waite 1980, chapter 8. Of large angles those
   * parts leave nothing: they are multiplied by the bits of 2/π that matter. Payne and Hanek 1983, "Radian reduction for trigonometric functions".
   */
  sineOf: {
    needs: ["isNan", "isFin", "constants"],
    source: `
var<private> twoOverPi: array<u32, 7> = array<u32, 7>(0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u);
fn upperHalf(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let one = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (one & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (one >> 16u) + (other >> 16u);
}
fn quartersAndRest(x: f32) -> vec2<f32> {
  let bits = bitcast<u32>(x);
  let digits = (bits << 8u) | 0x80000000u;
  let exponent = ((bits >> 23u) & 0xffu) - 126u;
  let word = exponent >> 5u;
  let shift = exponent & 31u;
  var part: array<u32, 3>;
  for (var k = 0u; k < 3u; k++) {
    let next = select(0u, twoOverPi[word + k + 1u] >> ((32u - shift) & 31u), shift > 0u);
    part[k] = (twoOverPi[word + k] << shift) | next;
  }
  // x · 2/π modulo 4, in steps of 2⁻⁶².
  let middle = digits * part[1];
  let low = middle + upperHalf(digits, part[2]);
  let high = digits * part[0] + upperHalf(digits, part[1]) + select(0u, 1u, low < middle);
  let quarters = (high + 0x20000000u) >> 30u;
  let rest = (f32(bitcast<i32>(high - (quarters << 30u))) + f32(low) * 2.3283064e-10) * 1.46291807e-9;
  return select(vec2<f32>(f32(quarters), rest), vec2<f32>(-f32(quarters), -rest), x < 0.0);
}
fn sineOfQuarter(x: f32, quarters: i32) -> f32 {
  if (!isFin(x)) { return nan(); }
  var n = round(x * 0.636619772);
  var r = ((x - n * 1.5703125) - n * 4.83751297e-4) - n * 7.54978995e-8;
  if (abs(x) > 5000.0) {
    let far = quartersAndRest(x);
    n = far.x;
    r = far.y;
  }
  let z = r * r;
  let s = r + r * z * (-0.166666546 + z * (8.33216087e-3 + z * -1.95152959e-4));
  let c = 1.0 - 0.5 * z + z * z * (0.0416666456 + z * (-1.38873163e-3 + z * 2.44331571e-5));
  let quarter = (i32(n) + quarters) & 3;
  let value = select(s, c, (quarter & 1) == 1);
  return select(value, -value, quarter >= 2);
}
fn sineOf(x: f32) -> f32 { return sineOfQuarter(x, 0); }
fn cosineOf(x: f32) -> f32 { return sineOfQuarter(x, 1); }`,
  },
  /** Reduced to [0, tan π/8]; a polynomial in x². Cephes, atanf. */
  arcTangent: {
    needs: ["isNan"],
    source: `
fn arcTangent(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  var a = abs(x);
  var base = 0.0;
  if (a > 2.41421356) { base = 1.57079633; a = -1.0 / a; }
  else if (a > 0.414213562) { base = 0.785398163; a = (a - 1.0) / (a + 1.0); }
  let z = a * a;
  let value = base + (a + a * z * (-0.333329491 + z * (0.199777107 + z * (-0.138776856 + z * 0.0805374449))));
  return select(value, -value, x < 0.0);
}
fn arcTangent2(y: f32, x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (isNan(y)) { return y; }
  let negative = bitcast<i32>(x) < 0;
  var value = 0.0;
  if (y == 0.0) { value = select(0.0, 3.14159265, negative); }
  else if (x == 0.0) { value = 1.57079633; }
  else if (abs(x) > 3.4e38 && abs(y) > 3.4e38) { value = select(0.785398163, 2.35619449, negative); }
  else {
    value = arcTangent(abs(y) / abs(x));
    if (negative) { value = 3.14159265 - value; }
  }
  return select(value, -value, bitcast<i32>(y) < 0);
}`,
  },
  /**
   * The remainder with the sign of the divisor, exact: what is taken off is y·2ⁿ, at most the rest and more than half of it. A quotient that is
   * rounded first, as `%` may, is off by a whole divisor or more.
   */
  moduloOf: {
    needs: ["isNan", "isFin", "constants"],
    source: `
fn moduloOf(x: f32, y: f32) -> f32 {
  var rest = abs(x);
  let divisor = abs(y);
  // A divisor below the normal floats may count as zero.
  if (isNan(x) || isNan(y) || !isFin(x) || divisor < 1.17549435e-38) { return nan(); }
  if (isFin(y)) {
    while (rest >= divisor) {
      let doublings = ((bitcast<u32>(rest) >> 23u) - (bitcast<u32>(divisor) >> 23u)) << 23u;
      var off = bitcast<f32>(bitcast<u32>(divisor) + doublings);
      if (off > rest) { off *= 0.5; }
      rest -= off;
    }
  }
  let value = select(rest, -rest, x < 0.0);
  return select(value, value + y, rest != 0.0 && (x < 0.0) != (y < 0.0));
}`,
  },
  /** xʸ by eʸˡⁿˣ for x > 0, with the rules of IEEE 754 for what is not. */
  powerOf: {
    needs: ["exponential", "logarithm", "isFin"],
    source: `
fn powerOf(x: f32, y: f32) -> f32 {
  if (y == 0.0) { return 1.0; }
  if (isNan(x)) { return x; }
  if (isNan(y)) { return y; }
  let a = abs(x);
  if (!isFin(y)) {
    if (a == 1.0) { return 1.0; }
    return select(0.0, infinity(), (a > 1.0) == (y > 0.0));
  }
  let whole = floor(y) == y;
  let odd = whole && abs(y) < 16777216.0 && (i32(y) & 1) != 0;
  if (x < 0.0 && !whole && isFin(x)) { return nan(); }
  var value = 0.0;
  if (a == 0.0) { value = select(infinity(), 0.0, y > 0.0); }
  else if (!isFin(x)) { value = select(0.0, infinity(), y > 0.0); }
  else if (whole && abs(y) <= 16.0) {
    value = 1.0;
    for (var n = 0; n < i32(abs(y)); n++) { value *= a; }
    if (y < 0.0) { value = 1.0 / value; }
  } else { value = exponential(y * logarithm(a)); }
  return select(value, -value, odd && bitcast<i32>(x) < 0);
}`,
  },
};

/** Source of the named functions and of all they stand on, each once. */
export function mathematics(names: readonly string[]): string[] {
  const found = new Map<string, string>();
  const add = (name: string): void => {
    const entry = library[name];
    if (!entry || found.has(name)) return;
    found.set(name, "");
    for (const other of entry.needs ?? []) add(other);
    found.delete(name);
    found.set(name, entry.source);
  };
  for (const name of names) add(name);
  return [...found.values()];
}

/** The functions of the library that a piece of WGSL calls. */
export function calledMathematics(code: string): string[] {
  const inside: Record<string, readonly string[]> = {
    infinity: ["constants"],
    nan: ["constants"],
    normalBelow: ["errorFunction"],
    cosineOf: ["sineOf"],
    arcTangent2: ["arcTangent"],
  };
  const calls = new Set([...code.matchAll(/\b([A-Za-z0-9]+)\(/g)].map((match) => match[1]!));
  return [...calls].flatMap((name) => inside[name] ?? (name in library ? [name] : []));
}
