/** Stable sorting of indices by their values: keys that order as unsigned integers, radix sort by bytes, insertion sort for short rows. */

import { int, pointer } from "./control";

/** A key whose unsigned order is the order wanted; equal values (−0 and 0 too) have equal keys. */
@inline function keyOf(p: usize, whole: i32, descending: i32, nanLast: i32): u32 {
  let key: u32;
  if (whole) key = load<u32>(p) ^ 0x80000000;
  else {
    const value = load<f32>(p) + 0;
    if (value != value) return nanLast ? u32.MAX_VALUE : 0;
    const bits = reinterpret<u32>(value);
    key = bits & 0x80000000 ? ~bits : bits | 0x80000000;
  }
  return descending ? ~key : key;
}

function insertionSort(keys: usize, places: usize, length: i32): void {
  for (let i = 1; i < length; i++) {
    const key = load<u32>(keys + (<usize>i << 2)), place = load<i32>(places + (<usize>i << 2));
    let j = i - 1;
    for (; j >= 0 && load<u32>(keys + (<usize>j << 2)) > key; --j) {
      store<u32>(keys + (<usize>j << 2), load<u32>(keys + (<usize>j << 2)), 4);
      store<i32>(places + (<usize>j << 2), load<i32>(places + (<usize>j << 2)), 4);
    }
    store<u32>(keys + (<usize>(j + 1) << 2), key);
    store<i32>(places + (<usize>(j + 1) << 2), place);
  }
}

function radixSort(keys: usize, places: usize, otherKeys: usize, otherPlaces: usize, counts: usize, length: i32): void {
  for (let shift = 0; shift < 32; shift += 8) {
    memory.fill(counts, 0, 1024);
    for (let i = 0; i < length; i++) {
      const p = counts + <usize>((load<u32>(keys + (<usize>i << 2)) >> shift & 255) << 2);
      store<i32>(p, load<i32>(p) + 1);
    }
    let sum = 0;
    for (let i = 0; i < 256; i++) {
      const p = counts + (<usize>i << 2), count = load<i32>(p);
      store<i32>(p, sum);
      sum += count;
    }
    for (let i = 0; i < length; i++) {
      const key = load<u32>(keys + (<usize>i << 2)), p = counts + <usize>((key >> shift & 255) << 2), to = load<i32>(p);
      store<i32>(p, to + 1);
      store<u32>(otherKeys + (<usize>to << 2), key);
      store<i32>(otherPlaces + (<usize>to << 2), load<i32>(places + (<usize>i << 2)));
    }
    let swap = keys;
    keys = otherKeys;
    otherKeys = swap;
    swap = places;
    places = otherPlaces;
    otherPlaces = swap;
  }
}

/**
 * The first `k` places of each sorted row. An item is a row.
 * Arguments: 0 x, 1 y, 2 length, 3 k, 4 int32, 5 descending, 6 NaN last, 7 scratch a thread: 4·length + 256 words, 8 its bytes.
 */
export function sort(begin: i32, end: i32, thread: i32): void {
  const length = int(2), k = int(3);
  const counts = pointer(7) + <usize>thread * pointer(8), line = <usize>length << 2;
  const keys = counts + 1024, places = keys + line;
  for (let row = begin; row < end; row++) {
    const x = pointer(0) + <usize>row * line;
    for (let i = 0; i < length; i++) {
      store<u32>(keys + (<usize>i << 2), keyOf(x + (<usize>i << 2), int(4), int(5), int(6)));
      store<i32>(places + (<usize>i << 2), i);
    }
    // Four passes, an even number: the result ends where it began.
    if (length <= 48) insertionSort(keys, places, length);
    else radixSort(keys, places, places + line, places + 2 * line, counts, length);
    memory.copy(pointer(1) + (<usize>row * <usize>k << 2), places, <usize>k << 2);
  }
}
