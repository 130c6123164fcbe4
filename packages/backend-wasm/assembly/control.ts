/** Fixed addresses below the heap: the control block that threads share, and the arguments of the running task. */

// One cache line each, so that a spinning worker does not slow the others' writes.
/** Counts regions; a worker waits for it to change. */
export const GENERATION: usize = 1024;
/** The generation that may be entered now; 0: none. */
export const OPEN: usize = 1088;
/** Workers inside the open region. */
export const ENTERED: usize = 1152;
/** The next item nobody has claimed. */
export const NEXT: usize = 1216;
/** Workers that gave up spinning and must be notified. */
export const ASLEEP: usize = 1280;
/** Not 0: workers return. */
export const QUIT: usize = 1344;
/** Not 0: the number of a worker that trapped. Written by the worker's JavaScript. */
export const FAILED: usize = 1408;
/** What the region does: task, total items, items per claim. */
export const TASK: usize = 1472;

/** 32-bit words, written from JavaScript. */
export const ARGUMENTS: usize = 2048;

@inline export function int(i: i32): i32 { return load<i32>(ARGUMENTS + (<usize>i << 2)); }
@inline export function float(i: i32): f32 { return load<f32>(ARGUMENTS + (<usize>i << 2)); }
@inline export function pointer(i: i32): usize { return load<usize>(ARGUMENTS + (<usize>i << 2)); }
@inline export function splat(i: i32): v128 { return v128.load32_splat(ARGUMENTS + (<usize>i << 2)); }
