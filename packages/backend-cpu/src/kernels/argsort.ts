/** The order of the elements of each row: a stable merge sort of places, and the k largest by insertion. */

import type { Operand, TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";

/** Up to this k, keeping a sorted list of the best so far beats sorting the row. */
const insertionLimit = 64;

export function argsort(memory: Memory, x: Operand<TypedArray>, rows: number, length: number, descending: boolean): Int32Array {
  const out = memory.ints(rows * length);
  const work = new Int32Array(length);
  for (let row = 0; row < rows; row++) {
    const order = out.subarray(row * length, (row + 1) * length);
    const numbers = placeNumbersFirst(x.buffer, row * length, order);
    mergeSort(x.buffer, row * length, order.subarray(0, numbers), work, descending);
  }
  return out;
}

export function topK(memory: Memory, x: Operand<TypedArray>, rows: number, length: number, k: number): Int32Array {
  const out = memory.ints(rows * k);
  if (k <= insertionLimit) {
    for (let row = 0; row < rows; row++) insertBest(x.buffer, row * length, length, out, row * k, k);
    return out;
  }
  const order = new Int32Array(length);
  const work = new Int32Array(length);
  for (let row = 0; row < rows; row++) {
    const numbers = placeNumbersFirst(x.buffer, row * length, order);
    mergeSort(x.buffer, row * length, order.subarray(0, numbers), work, true);
    // NaN counts as largest: those at the end of the order come first here.
    for (let i = 0; i < k; i++) out[row * k + i] = i < length - numbers ? order[numbers + i]! : order[i - (length - numbers)]!;
  }
  return out;
}

/** Fills `order` with the places of the numbers, then those of the NaNs, each in the order of the row. Returns how many numbers there are. */
function placeNumbersFirst(x: TypedArray, base: number, order: Int32Array): number {
  let numbers = 0;
  for (let i = 0; i < order.length; i++) if (!Number.isNaN(x[base + i]!)) order[numbers++] = i;
  for (let i = 0, at = numbers; at < order.length; i++) if (Number.isNaN(x[base + i]!)) order[at++] = i;
  return numbers;
}

/** Bottom-up: runs of 1, 2, 4, … places are merged, from one array into the other. */
function mergeSort(x: TypedArray, base: number, order: Int32Array, work: Int32Array, descending: boolean): void {
  const n = order.length;
  let from = order;
  let to = work;
  for (let width = 1; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(start + width, n);
      const end = Math.min(start + 2 * width, n);
      for (let i = start, j = middle, at = start; at < end; at++) {
        // Of equals, the left one: that makes the sort stable.
        const left =
          i < middle &&
          (j >= end || (descending ? x[base + from[i]!]! >= x[base + from[j]!]! : x[base + from[i]!]! <= x[base + from[j]!]!));
        to[at] = left ? from[i++]! : from[j++]!;
      }
    }
    const swap = from;
    from = to;
    to = swap;
  }
  if (from !== order) order.set(from.subarray(0, n));
}

function insertBest(x: TypedArray, base: number, length: number, out: Int32Array, at: number, k: number): void {
  for (let i = 0; i < length; i++) {
    const v = x[base + i]!;
    let slot = Math.min(i, k);
    // Up past everything that v beats; an equal one came first and stays ahead.
    while (slot > 0 && beats(v, x[base + out[at + slot - 1]!]!)) {
      if (slot < k) out[at + slot] = out[at + slot - 1]!;
      slot--;
    }
    if (slot < k) out[at + slot] = i;
  }
}

function beats(a: number, b: number): boolean {
  return a > b || (Number.isNaN(a) && !Number.isNaN(b));
}
