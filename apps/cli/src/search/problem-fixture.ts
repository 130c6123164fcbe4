/** A problem for the tests, as a user writes one: a hill whose top is at x = 20, and what it costs to stand there. */

import { choice, integer, record, type SearchProblem } from "@dl/nas";
import type { TrialFactory } from "@dl/nas/node";

interface Place {
  readonly x: number;
  readonly kind: "a" | "b";
}

export const problem: SearchProblem<Place> = {
  name: "hill",
  title: "A hill",
  space: record({ x: integer(0, 40), kind: choice(["a", "b"]) }),
  objectives: { height: "maximize", cost: "minimize" },
  input: { top: 20 },
};

export const trial: TrialFactory<Place> =
  (input) =>
  async ({ value: { x, kind }, report }) => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const height = -Math.abs(x - (input as { top: number }).top) + (kind === "b" ? 0.5 : 0);
    await report(1, height);
    return { height, cost: x };
  };
