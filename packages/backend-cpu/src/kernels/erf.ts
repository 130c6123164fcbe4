/**
 * The error function and its complement to one unit in the last place of a double.
 *
 * Rational approximations on five intervals, with the coefficients of W. J. Cody's scheme as refitted in fdlibm (s_erf.c, Sun Microsystems 1993);
 * the intervals: [0, 0.84375), [0.84375, 1.25), [1.25, 1/0.35), [1/0.35, 28), beyond.
 */

// erf(x) = x + x·P(x²)/Q(x²) near zero.
const p0 = 0.12837916709551256;
const p1 = -0.3250421072470015;
const p2 = -0.02848174957559851;
const p3 = -0.005770270296489442;
const p4 = -2.3763016656650163e-5;
const q1 = 0.39791722395915535;
const q2 = 0.0650222499887673;
const q3 = 0.005081306281875766;
const q4 = 0.00013249473800432164;
const q5 = -3.960228278775368e-6;

// erf(x) = erfAtOne + P(|x| − 1)/Q(|x| − 1) around one; erfAtOne is erf(1) rounded to single precision.
const erfAtOne = 0.8450629115104675;

function aroundOne(s: number): number {
  const p =
    -0.0023621185607526594 +
    s *
      (0.41485611868374833 +
        s *
          (-0.3722078760357013 +
            s * (0.31834661990116175 + s * (-0.11089469428239668 + s * (0.035478304325618236 + s * -0.002166375594868791)))));
  const q =
    1 +
    s *
      (0.10642088040084423 +
        s *
          (0.540397917702171 +
            s * (0.07182865441419627 + s * (0.12617121980876164 + s * (0.01363708391202905 + s * 0.011984499846799107)))));
  return p / q;
}

// erfc(x) = exp(−x² − 0.5625 + R(1/x²)/S(1/x²)) / x in the tail.
function tail(x: number): number {
  const s = 1 / (x * x);
  let ratio: number;
  if (x < 1 / 0.35) {
    const r =
      -0.009864944034847148 +
      s *
        (-0.6938585727071818 +
          s *
            (-10.558626225323291 +
              s *
                (-62.375332450326006 +
                  s * (-162.39666946257347 + s * (-184.60509290671104 + s * (-81.2874355063066 + s * -9.814329344169145))))));
    const d =
      1 +
      s *
        (19.651271667439257 +
          s *
            (137.65775414351904 +
              s *
                (434.56587747522923 +
                  s *
                    (645.3872717332679 +
                      s * (429.00814002756783 + s * (108.63500554177944 + s * (6.570249770319282 + s * -0.0604244152148581)))))));
    ratio = r / d;
  } else {
    const r =
      -0.0098649429247001 +
      s *
        (-0.799283237680523 +
          s *
            (-17.757954917754752 +
              s * (-160.63638485582192 + s * (-637.5664433683896 + s * (-1025.0951316110772 + s * -483.5191916086514)))));
    const d =
      1 +
      s *
        (30.33806074348246 +
          s *
            (325.7925129965739 +
              s *
                (1536.729586084437 +
                  s * (3199.8582195085955 + s * (2553.0504064331644 + s * (474.52854120695537 + s * -22.44095244658582))))));
    ratio = r / d;
  }
  // x² split so that the square of its upper part is exact: the exponential would magnify the rounding of x².
  const z = Math.fround(x);
  return (Math.exp(-z * z - 0.5625) * Math.exp((z - x) * (z + x) + ratio)) / x;
}

/** erf(x) = 2/√π · ∫₀ˣ exp(−t²) dt. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 0.84375) {
    const z = x * x;
    const p = p0 + z * (p1 + z * (p2 + z * (p3 + z * p4)));
    const q = 1 + z * (q1 + z * (q2 + z * (q3 + z * (q4 + z * q5))));
    return x + x * (p / q);
  }
  let y: number;
  if (a < 1.25) y = erfAtOne + aroundOne(a - 1);
  else if (a < 6) y = 1 - tail(a);
  else if (a >= 6) y = 1;
  else return x; // NaN
  return x < 0 ? -y : y;
}

/** 1 − erf(x), without cancellation where x is large. */
export function erfc(x: number): number {
  const a = Math.abs(x);
  if (a < 0.84375) {
    const z = x * x;
    const p = p0 + z * (p1 + z * (p2 + z * (p3 + z * p4)));
    const q = 1 + z * (q1 + z * (q2 + z * (q3 + z * (q4 + z * q5))));
    return x < 0.25 ? 1 - (x + x * (p / q)) : 0.5 - (x - 0.5 + x * (p / q));
  }
  if (a < 1.25) return x < 0 ? 1 + erfAtOne + aroundOne(a - 1) : 1 - erfAtOne - aroundOne(a - 1);
  if (a < 28) return x < 0 ? 2 - tail(a) : tail(a);
  return a >= 28 ? (x < 0 ? 2 : 0) : x;
}
