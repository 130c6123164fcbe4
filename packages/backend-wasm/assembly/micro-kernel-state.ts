/**
 * What stays the same over many calls of a micro-kernel, kept in globals of the instance (so of the thread): a call passes only pointers.
 *
 * The sum over k runs over `outer` × `segments` × `length` steps of the left side; the right side is read straight through.
 */

export const ACCUMULATE: i32 = 1;
export const BIAS: i32 = 2;
export const RELU: i32 = 4;

/** The most rows of one call. */
export const ROWS: i32 = 4;
/** The columns of a panel. */
export const COLUMNS: i32 = 8;

export let outer: i32 = 1;
export let outerSkip: usize = 0;
export let segments: i32 = 1;
export let segmentSkip: usize = 0;
export let length: i32 = 0;
/** Bytes from one k to the next: of the left side (`columns` only), and of the right side. */
export let leftStep: usize = 4;
export let rightStep: usize = 32;
/** Bytes from one row of the result to the next. */
export let resultPitch: usize = 0;
/** ACCUMULATE, BIAS and RELU, in this order. */
export let mode: i32 = 0;
/** Columns to store, at most 8. */
export let width: i32 = 8;

/** The sum over k is one run. */
@inline export function setRun(steps: i32): void {
  outer = 1;
  segments = 1;
  length = steps;
}

/** `segmentSkip` comes on top of the run's own steps, `outerSkip` on top of its segments'. */
@inline export function setLoops(outerCount: i32, outerBytes: usize, segmentCount: i32, segmentBytes: usize, steps: i32): void {
  outer = outerCount;
  outerSkip = outerBytes;
  segments = segmentCount;
  segmentSkip = segmentBytes;
  length = steps;
}

@inline export function setSteps(left: usize, right: usize): void {
  leftStep = left;
  rightStep = right;
}

@inline export function setResult(pitch: usize, how: i32): void {
  resultPitch = pitch;
  mode = how;
}

@inline export function setWidth(count: i32): void {
  width = count;
}
