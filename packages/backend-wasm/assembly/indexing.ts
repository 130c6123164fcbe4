/** Elements by their indices: gather, take-along, and their sums back. An index out of range reads the word it is given and adds nothing. */

import { int, pointer } from "./control";
import { copyRun } from "./movement";
import { storeSome } from "./vectors";

/** An item is a row of the result. Arguments: 0 x, 1 indices, 2 y, 3 k, 4 length, 5 bytes a row, 6 what is read out of range: 0, or a word to repeat. */
export function gather(begin: i32, end: i32, thread: i32): void {
  const k = int(3), length = int(4), bytes = pointer(5);
  for (let item = begin; item < end; item++) {
    const index = load<i32>(pointer(1) + (<usize>(item % k) << 2)), to = pointer(2) + <usize>item * bytes;
    if (<u32>index < <u32>length) copyRun(to, pointer(0) + (<usize>(item / k) * <usize>length + <usize>index) * bytes, bytes);
    else if (int(6) == 0) memory.fill(to, 0, bytes);
    else for (let i: usize = 0; i < bytes; i += 4) store<i32>(to + i, int(6));
  }
}

/** The result holds zeros. An item is 64 columns of one outer index. Arguments: 0 indices, 1 updates, 2 y, 3 k, 4 length, 5 inner, 6 int32. */
export function scatterAdd(begin: i32, end: i32, thread: i32): void {
  const k = int(3), length = int(4), inner = int(5), whole = int(6), strips = (inner + 63) >> 6, pitch = <usize>inner << 2;
  for (let item = begin; item < end; item++) {
    const outer = <usize>(item / strips), column = (item % strips) << 6, width = min(64, inner - column);
    const from = pointer(1) + outer * <usize>k * pitch + (<usize>column << 2), to = pointer(2) + outer * <usize>length * pitch + (<usize>column << 2);
    for (let i = 0; i < k; i++) {
      const index = load<i32>(pointer(0) + (<usize>i << 2));
      if (<u32>index >= <u32>length) continue;
      let p = to + <usize>index * pitch, u = from + <usize>i * pitch;
      for (let left = width; left > 0; left -= 4) {
        const a = v128.load(p), b = v128.load(u);
        const sum = whole ? i32x4.add(a, b) : f32x4.add(a, b);
        if (left >= 4) v128.store(p, sum);
        else storeSome(p, sum, left);
        p += 16;
        u += 16;
      }
    }
  }
}

/** An item is a row of the result. Arguments: 0 x, 1 indices, 2 y, 3 k, 4 length, 5 inner, 6 bytes an element, 7 what is read out of range. */
export function takeAlong(begin: i32, end: i32, thread: i32): void {
  const k = int(3), length = int(4), inner = int(5), bytes = int(6), absent = int(7);
  for (let item = begin; item < end; item++) {
    const first = <usize>(item / k) * <usize>length;
    for (let j = 0; j < inner; j++) {
      const at = <usize>item * <usize>inner + <usize>j;
      const index = load<i32>(pointer(1) + (at << 2)), from = (first + <usize>index) * <usize>inner + <usize>j;
      const inside = <u32>index < <u32>length;
      if (bytes == 4) store<i32>(pointer(2) + (at << 2), inside ? load<i32>(pointer(0) + (from << 2)) : absent);
      else store<u8>(pointer(2) + at, inside ? load<u8>(pointer(0) + from) : 0);
    }
  }
}

/** The result holds zeros. An item is an outer index. Arguments: 0 indices, 1 updates, 2 y, 3 k, 4 length, 5 inner, 6 int32. */
export function scatterAlong(begin: i32, end: i32, thread: i32): void {
  const k = int(3), length = int(4), inner = int(5), whole = int(6);
  for (let outer = begin; outer < end; outer++) {
    let at = <usize>outer * <usize>k * <usize>inner << 2;
    const first = <usize>outer * <usize>length;
    for (let i = 0; i < k; i++) for (let j = 0; j < inner; j++) {
      const index = load<i32>(pointer(0) + at);
      if (<u32>index < <u32>length) {
        const to = pointer(2) + (((first + <usize>index) * <usize>inner + <usize>j) << 2), from = pointer(1) + at;
        if (whole) store<i32>(to, load<i32>(to) + load<i32>(from));
        else store<f32>(to, load<f32>(to) + load<f32>(from));
      }
      at += 4;
    }
  }
}
