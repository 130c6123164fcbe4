/**
 * Parallel regions: items of one task, claimed in chunks by whoever comes first.
 *
 * The main thread opens a region, works, closes it, and waits only for workers that are inside:
 * a worker that still sleeps, or is gone, delays nobody. Every result is independent of who computed it.
 */

import { ASLEEP, ENTERED, FAILED, GENERATION, NEXT, OPEN, QUIT, TASK } from "./control";
import { dispatch } from "./generated/dispatch";

function work(thread: i32): void {
  const task = load<i32>(TASK), total = load<i32>(TASK + 4), chunk = load<i32>(TASK + 8);
  for (;;) {
    const begin = atomic.add<i32>(NEXT, chunk);
    if (begin >= total) return;
    dispatch(task, begin, min(begin + chunk, total), thread);
  }
}

/** A worker's life: wait for a region, enter it, work, leave. `spin` looks before it sleeps. */
export function worker(thread: i32, spin: i32): void {
  let seen = atomic.load<i32>(GENERATION);
  while (!atomic.load<i32>(QUIT)) {
    let looks = 0;
    while (atomic.load<i32>(GENERATION) == seen) {
      if (++looks > spin) {
        atomic.add<i32>(ASLEEP, 1);
        atomic.wait<i32>(GENERATION, seen, -1);
        atomic.sub<i32>(ASLEEP, 1);
      }
    }
    seen = atomic.load<i32>(GENERATION);
    // Enter first and look afterwards: the main thread closes first and counts afterwards, so one of us sees the other.
    atomic.add<i32>(ENTERED, 1);
    if (atomic.load<i32>(OPEN) == seen) work(thread);
    atomic.sub<i32>(ENTERED, 1);
  }
}

/** Runs a task over `total` items on all threads. Returns the workers still inside after `spin` looks: 0 when all is done; −1: one failed. */
export function region(task: i32, total: i32, chunk: i32, spin: i32): i32 {
  store<i32>(TASK, task);
  store<i32>(TASK + 4, total);
  store<i32>(TASK + 8, chunk);
  atomic.store<i32>(NEXT, 0);
  let generation = atomic.load<i32>(GENERATION) + 1;
  if (generation == 0) generation = 1;
  atomic.store<i32>(OPEN, generation);
  atomic.store<i32>(GENERATION, generation);
  if (atomic.load<i32>(ASLEEP) > 0) atomic.notify(GENERATION, -1);
  work(0);
  atomic.store<i32>(OPEN, 0);
  let inside = atomic.load<i32>(ENTERED);
  for (let looks = 0; inside != 0 && looks < spin; looks++) inside = atomic.load<i32>(ENTERED);
  return atomic.load<i32>(FAILED) ? -1 : inside;
}
