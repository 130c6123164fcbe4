/** What a search looks for: measurements by name, and whether more or less of each is better. */

import { OptionError } from "@dl/core";

/** What a trial measured, by name. */
export type Measurements = Readonly<Record<string, number>>;

/** The first is the main one: strategies for a single objective look at it alone. */
export type Objectives = Readonly<Record<string, "maximize" | "minimize">>;

/** One score for each objective, more is better. @throws OptionError when one was not measured, or is no finite number. */
export function scoresOf(objectives: Objectives, measurements: Measurements): number[] {
  return Object.entries(objectives).map(([name, direction]) => {
    const value = measurements?.[name];
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new OptionError(`search: expected evaluate to return a finite number as ${JSON.stringify(name)}, got ${String(value)}.`);
    }
    return direction === "maximize" ? value : -value;
  });
}

export function checkObjectives(objectives: Objectives): void {
  const entries = Object.entries(objectives ?? {});
  if (entries.length === 0) throw new OptionError('search: expected at least one objective, such as { accuracy: "maximize" }, got none.');
  for (const [name, direction] of entries) {
    if (direction !== "maximize" && direction !== "minimize") {
      throw new OptionError(`search: expected objective ${name} to be "maximize" or "minimize", got ${JSON.stringify(direction)}.`);
    }
  }
}
