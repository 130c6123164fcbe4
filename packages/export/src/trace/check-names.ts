/** What inputs and outputs of a file may be called. */

import { OptionError } from "@dl/core";

/** Inputs and outputs are named by words of their own, unlike the nodes between, which end in a number. */
export function checkNames(where: string, names: readonly string[]): void {
  const wrong = names.find((name) => !/^[A-Za-z]\w*$/.test(name) || /_\d+$/.test(name));
  if (wrong !== undefined)
    throw new OptionError(
      `${where}: expected inputs and outputs named by a word that does not end in _ and a number, got ${JSON.stringify(wrong)}.`,
    );
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new OptionError(`${where}: expected outputs with other names than the inputs, got ${JSON.stringify(twice)} for both.`);
}
