/** Making, converting and moving elements: fill, cast, copies with strides, transposes. */

import { innerSize, innerStride, rowOffset } from "./broadcast";
import { int, pointer, splat } from "./control";
import { loadBytes, storeMask, transpose4 } from "./vectors";

/** An item is 64 bytes. Arguments: 0 to, 1 the word to repeat. */
export function fill(begin: i32, end: i32, thread: i32): void {
  const v = splat(1);
  let p = pointer(0) + (<usize>begin << 6);
  for (let i = (end - begin) << 2; i > 0; --i) {
    v128.store(p, v);
    p += 16;
  }
}

/** An item is 16 elements. Arguments: 0 from, 1 to, 2 from dtype, 3 to dtype: 0 float32, 1 int32, 2 bool. */
export function cast(begin: i32, end: i32, thread: i32): void {
  const source = int(2), target = int(3);
  let x = pointer(0) + (<usize>begin << (source == 2 ? 4 : 6)), y = pointer(1) + (<usize>begin << (target == 2 ? 4 : 6));
  for (let i = (end - begin) << 2; i > 0; --i) {
    if (source == 2) {
      const v = loadBytes(x);
      v128.store(y, target == 0 ? f32x4.convert_i32x4_s(v) : v);
      x += 4;
      y += 16;
    } else {
      const v = v128.load(x);
      if (target == 2) storeMask(y, source == 0 ? f32x4.ne(v, f32x4.splat(0)) : i32x4.ne(v, i32x4.splat(0)));
      else v128.store(y, source == 0 ? i32x4.trunc_sat_f32x4_s(v) : f32x4.convert_i32x4_s(v));
      x += 16;
      y += target == 2 ? 4 : 16;
    }
  }
}

/** Copies `bytes`; short runs without the call that memory.copy is. */
@inline export function copyRun(to: usize, from: usize, bytes: usize): void {
  if (bytes == 4) store<i32>(to, load<i32>(from));
  else if (bytes <= 256 && !(bytes & 15)) {
    for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.load(from + i));
  } else if (bytes < 32) {
    let i: usize = 0;
    for (; i + 4 <= bytes; i += 4) store<i32>(to + i, load<i32>(from + i));
    for (; i < bytes; i++) store<u8>(to + i, load<u8>(from + i));
  } else memory.copy(to, from, bytes);
}

/** An item is a row. Operands: from, to; strides may be negative. Arguments: 0 from, 1 to, 2 rank, 3 bytes an element. */
export function copyStrided(begin: i32, end: i32, thread: i32): void {
  const rank = int(2), bytes = int(3), count = innerSize(rank), fromStep = innerStride(0, rank), toStep = innerStride(1, rank);
  for (let row = begin; row < end; row++) {
    let from = pointer(0) + <usize>(rowOffset(row, 0, rank) * bytes), to = pointer(1) + <usize>(rowOffset(row, 1, rank) * bytes);
    if (fromStep == 1 && toStep == 1) copyRun(to, from, <usize>count * <usize>bytes);
    else if (bytes == 4) {
      const f = fromStep << 2, t = toStep << 2;
      for (let i = count; i > 0; --i) {
        store<i32>(to, load<i32>(from));
        from += f;
        to += t;
      }
    } else for (let i = count; i > 0; --i) {
      store<u8>(to, load<u8>(from));
      from += fromStep;
      to += toStep;
    }
  }
}

/** `[batch, m, n]` → `[batch, n, m]`, 4 bytes an element; an item is a strip of 16 columns. Arguments: 0 from, 1 to, 2 m, 3 n. */
export function transposeMatrices(begin: i32, end: i32, thread: i32): void {
  const m = int(2), n = int(3), strips = (n + 15) >> 4;
  const inPitch = <usize>n << 2, outPitch = <usize>m << 2;
  for (let item = begin; item < end; item++) {
    const matrix = <usize>(item / strips) * <usize>m * inPitch, first = (item % strips) << 4, last = min(n, first + 16);
    const from = pointer(0) + matrix, to = pointer(1) + matrix;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      const r0 = from + <usize>i * inPitch, r1 = r0 + inPitch, r2 = r1 + inPitch, r3 = r2 + inPitch;
      let j = first;
      for (; j + 4 <= last; j += 4) {
        const o = <usize>j << 2;
        transpose4(v128.load(r0 + o), v128.load(r1 + o), v128.load(r2 + o), v128.load(r3 + o), to + <usize>j * outPitch + (<usize>i << 2), outPitch);
      }
      for (; j < last; j++) {
        const o = <usize>j << 2, t = to + <usize>j * outPitch + (<usize>i << 2);
        store<i32>(t, load<i32>(r0 + o));
        store<i32>(t, load<i32>(r1 + o), 4);
        store<i32>(t, load<i32>(r2 + o), 8);
        store<i32>(t, load<i32>(r3 + o), 12);
      }
    }
    for (; i < m; i++) for (let j = first; j < last; j++) {
      store<i32>(to + <usize>j * outPitch + (<usize>i << 2), load<i32>(from + <usize>i * inPitch + (<usize>j << 2)));
    }
  }
}
