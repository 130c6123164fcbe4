/** A trial for the tests: a hill, with candidates that throw, that end the thread, that never end, or that are in a hurry. */

import { appendFileSync, existsSync } from "node:fs";
import type { TrialFactory } from "./trial-workers.ts";

interface Input {
  readonly top: number;
  /** A thread starts only while this file is there. */
  readonly gate?: string;
  /** Each thread writes a line when it starts. */
  readonly log?: string;
}

export const trial: TrialFactory<{ readonly x: number; readonly how: string }> = (input) => {
  const { top, gate, log } = input as Input;
  if (log !== undefined) appendFileSync(log, "a thread\n");
  if (gate !== undefined && !existsSync(gate)) throw new Error("the gate is shut");
  return async ({ value: { x, how }, from, attempt, report, beginAnew }) => {
    if (how === "throws") throw new Error("out of luck");
    if (how === "dies" && attempt === 1) process.exit(3);
    if (how === "hangs") await new Promise(() => setInterval(() => {}, 1000));
    if (from !== undefined) beginAnew();
    // Nobody waits for what comes of it.
    if (how === "hurries") for (let step = 1; step <= 3; step++) void report(step, x);
    else for (let step = 1; step <= 3; step++) await report(step, -Math.abs(x - top) - 1 / step);
    // Its thread dies a moment later.
    if (how === "leaves a bomb") {
      setTimeout(() => {
        throw new Error("a bomb");
      }, 10);
    }
    return { height: 0 - Math.abs(x - top), attempt };
  };
};
