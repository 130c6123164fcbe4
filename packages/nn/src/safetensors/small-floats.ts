/** Floats of 8 and 16 bits to and from float32. IEEE 754 binary16; bfloat16; FP8 of Micikevicius et al. 2022, arXiv:2209.05433, table 1. */

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The value of a float with 1 sign bit, `exponentBits` and `mantissaBits`; `finite` formats have no infinities and one NaN, all ones. */
function decodeFloat(bits: number, exponentBits: number, mantissaBits: number, finite = false): number {
  const largest = 2 ** exponentBits - 1;
  const exponent = (bits >>> mantissaBits) & largest;
  const mantissa = bits & (2 ** mantissaBits - 1);
  const sign = bits >>> (exponentBits + mantissaBits) === 1 ? -1 : 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === largest && !finite) return mantissa === 0 ? sign * Infinity : NaN;
  if (exponent === largest && mantissa === 2 ** mantissaBits - 1) return NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * (1 + mantissa * 2 ** -mantissaBits) * 2 ** (exponent - bias);
}

const tables = new Map<string, Float32Array>();

// 16-bit floats have few values: looking one up is faster than working it out, and the table is made once, when first wanted.
function table(name: string, length: number, decode: (bits: number) => number): Float32Array {
  let values = tables.get(name);
  if (values === undefined) {
    values = Float32Array.from({ length }, (_, bits) => decode(bits));
    tables.set(name, values);
  }
  return values;
}

function lookUp(values: Float32Array, bits: Uint8Array | Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = values[bits[i]!]!;
  return out;
}

export function float16ToFloat32(bits: Uint16Array): Float32Array {
  return lookUp(
    table("F16", 65_536, (half) => decodeFloat(half, 5, 10)),
    bits,
  );
}

export function float8e5m2ToFloat32(bits: Uint8Array): Float32Array {
  return lookUp(
    table("F8_E5M2", 256, (byte) => decodeFloat(byte, 5, 2)),
    bits,
  );
}

export function float8e4m3ToFloat32(bits: Uint8Array): Float32Array {
  return lookUp(
    table("F8_E4M3", 256, (byte) => decodeFloat(byte, 4, 3, true)),
    bits,
  );
}

/** bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
}

/** Rounds to the nearest bfloat16, halves to even; too large becomes infinite, NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i]!;
    const bits = word[0]!;
    // A NaN whose payload sits in the lower half would round to infinity: set the quiet bit and cut.
    out[i] = (bits & 0x7fffffff) > 0x7f800000 ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return out;
}

/** Rounds to the nearest float16, halves to even; from 65,520 up it becomes infinite, NaN stays NaN. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = halfBits(values[i]!);
  return out;
}

function halfBits(value: number): number {
  float[0] = value;
  const bits = word[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65,520, halfway between the largest half and the next power of two
  if (magnitude < 0x38800000) {
    // Below 2⁻¹⁴ a half counts in steps of 2⁻²⁴: adding 0.5 lets the float32 adder round at exactly that bit.
    float[0] = Math.abs(value) + 0.5;
    return sign | (word[0]! - 0x3f000000);
  }
  // Move the exponent's bias from 127 to 15, and round the 13 mantissa bits that fall away; a carry rightly raises the exponent.
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}
