/** Threefry-2x32 with 20 rounds, four counters at once: the same words as @dl/core's threefry.ts. Salmon et al. 2011. */

import { int, pointer } from "./control";

@inline function mix(x0: v128, x1: v128, rotation: i32): v128 {
  return v128.xor(v128.or(i32x4.shl(x1, rotation), i32x4.shr_u(x1, 32 - rotation)), x0);
}

/** An item is 8 words: the encryption of counters (0, 4·item) to (0, 4·item + 3). Arguments: 0 key 0, 1 key 1, 2 y. */
export function randomUniform(begin: i32, end: i32, thread: i32): void {
  const key0 = i32x4.splat(int(0)), key1 = i32x4.splat(int(1)), key2 = i32x4.splat(0x1bd11bda ^ int(0) ^ int(1));
  for (let item = begin; item < end; item++) {
    let x0 = key0, x1 = i32x4.add(i32x4.add(i32x4.splat(item << 2), i32x4(0, 1, 2, 3)), key1);
    for (let pair = 0; pair < 3; pair++) {
      x0 = i32x4.add(x0, x1); x1 = mix(x0, x1, 13);
      x0 = i32x4.add(x0, x1); x1 = mix(x0, x1, 15);
      x0 = i32x4.add(x0, x1); x1 = mix(x0, x1, 26);
      x0 = i32x4.add(x0, x1); x1 = mix(x0, x1, 6);
      // Injections s = 1, 3, 5: words s and s + 1 of the extended key, and s.
      const s = 2 * pair + 1;
      x0 = i32x4.add(x0, s == 1 ? key1 : s == 3 ? key0 : key2);
      x1 = i32x4.add(x1, i32x4.add(s == 1 ? key2 : s == 3 ? key1 : key0, i32x4.splat(s)));
      if (pair == 2) break;
      x0 = i32x4.add(x0, x1); x1 = mix(x0, x1, 17);
      x0 = i32x4.add(x0, x1); x1 = mix(x0, x1, 29);
      x0 = i32x4.add(x0, x1); x1 = mix(x0, x1, 16);
      x0 = i32x4.add(x0, x1); x1 = mix(x0, x1, 24);
      // Injections 2 and 4.
      x0 = i32x4.add(x0, s == 1 ? key2 : key1);
      x1 = i32x4.add(x1, i32x4.add(s == 1 ? key0 : key2, i32x4.splat(s + 1)));
    }
    const unit = f32x4.splat(1.0 / 16777216.0), y = pointer(2) + (<usize>item << 5);
    x0 = f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(x0, 8)), unit);
    x1 = f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(x1, 8)), unit);
    v128.store(y, v128.shuffle<f32>(x0, x1, 0, 4, 1, 5));
    v128.store(y, v128.shuffle<f32>(x0, x1, 2, 6, 3, 7), 16);
  }
}
