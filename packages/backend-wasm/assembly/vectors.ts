/** Small vector pieces every kernel uses: multiply-add, partial stores, transposes, horizontal sums. */

/** a·b + c; one rounding instead of two where relaxed SIMD has the instruction. */
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  else return f32x4.add(c, f32x4.mul(a, b));
}

/** c − a·b. */
@inline export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  else return f32x4.sub(c, f32x4.mul(a, b));
}

/** Stores the first `count` of four lanes, 1 ≤ count ≤ 3. */
@inline export function storeSome(p: usize, v: v128, count: i32): void {
  if (count == 1) v128.store32_lane(p, v, 0);
  else {
    v128.store64_lane(p, v, 0);
    if (count == 3) v128.store32_lane(p, v, 2, 8);
  }
}

/** Stores the first `count` of eight lanes, 1 ≤ count ≤ 7. */
export function storeColumns(p: usize, low: v128, high: v128, count: i32): void {
  if (count >= 4) {
    v128.store(p, low);
    if (count > 4) storeSome(p + 16, high, count - 4);
  } else storeSome(p, low, count);
}

/** Zeroes the lanes from `count` on. */
@inline export function keepLanes(v: v128, count: i32): v128 {
  return v128.and(v, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3)));
}

@inline export function sumLanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** NaN if any lane is. */
@inline export function maxLanes(v: v128): f32 {
  return max<f32>(max<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max<f32>(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

@inline export function minLanes(v: v128): f32 {
  return min<f32>(min<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), min<f32>(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

/** Writes the transpose of four rows; the results lie `pitch` bytes apart. */
@inline export function transpose4(r0: v128, r1: v128, r2: v128, r3: v128, to: usize, pitch: usize): void {
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
  v128.store(to + pitch, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7));
  v128.store(to + 2 * pitch, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5));
  v128.store(to + 3 * pitch, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7));
}

/** −1 and 0 lanes as four bytes 1 and 0. */
@inline export function storeMask(p: usize, mask: v128): void {
  const bytes = v128.and(i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(mask, mask), mask), i8x16.splat(1));
  v128.store32_lane(p, bytes, 0);
}

/** Four bytes as four 32-bit lanes. */
@inline export function loadBytes(p: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(p)));
}
