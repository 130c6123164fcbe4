/** Closed choices, checked at the door: in plain JavaScript a misspelt one would silently be another. */

import { OptionError } from "@dl/core";

/** @throws OptionError when the value is none of the choices. */
export function checkChoice(
  where: string,
  [name, value]: readonly [name: string, value: string | number | undefined],
  choices: readonly (string | number)[],
): void {
  if (value !== undefined && choices.includes(value)) return;
  throw new OptionError(`${where}: expected ${name}, one of ${choices.join(", ")}, got ${JSON.stringify(value) ?? "undefined"}.`);
}
