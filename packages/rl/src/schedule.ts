/** Numbers that change while training goes on. */

import { OptionError } from "@dl/core";

/** A number, or a function of the share of training that is done, from 0 to 1. */
export type Scheduled = number | ((done: number) => number);

/**
 * A straight line over the first `share` of training, then level.
 *
 * @param options.to  Default 0.
 * @param options.share  Default 1.
 * @example
 * linear(1, { to: 0.05, share: 0.5 })(0.25); // 0.525
 */
export function linear(from: number, { to = 0, share = 1 }: { to?: number; share?: number } = {}): (done: number) => number {
  if (!(share > 0)) throw new OptionError(`linear: expected a share > 0 of the training, got ${share}.`);
  return (done) => from + (to - from) * Math.min(done / share, 1);
}

/** What the schedule says when `done` of the training is done. */
export function valueAt(scheduled: Scheduled, done: number): number {
  return typeof scheduled === "number" ? scheduled : scheduled(Math.min(Math.max(done, 0), 1));
}
