/** A trial for the tests: a hill, with candidates that throw, that end the thread, or that never end. */

import type { TrialFactory } from "./trial-workers.ts";

export const trial: TrialFactory<{ readonly x: number; readonly how: string }> =
  (input) =>
  async ({ value: { x, how }, attempt, report }) => {
    const { top } = input as { top: number };
    if (how === "throws") throw new Error("out of luck");
    if (how === "dies" && attempt === 1) process.exit(3);
    if (how === "hangs") await new Promise(() => setInterval(() => {}, 1000));
    for (let step = 1; step <= 3; step++) await report(step, -Math.abs(x - top) - 1 / step);
    return { height: 0 - Math.abs(x - top), attempt };
  };
