/** Closed choices, checked at the door: in plain JavaScript a misspelt one would silently be another. */

import { OptionError } from "@dl/core";

/** @throws OptionError when the value is none of the choices. */
export function checkChoice(
  where: string,
  [name, value]: readonly [name: string, value: string | number | undefined],
  { of }: { of: readonly (string | number)[] },
): void {
  if (value !== undefined && of.includes(value)) return;
  throw new OptionError(`${where}: expected ${name}, one of ${of.join(", ")}, got ${JSON.stringify(value) ?? "undefined"}.`);
}
