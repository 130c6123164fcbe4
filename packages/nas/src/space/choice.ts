/** One of a list of constants. */

import { OptionError } from "@dl/core";
import type { Domain } from "./decision.ts";
import type { Space } from "./space.ts";

/** What a choice may hold: plain data, so that a journal can name it. */
export type Constant = string | number | boolean | null | readonly Constant[] | { readonly [name: string]: Constant };

/**
 * @throws OptionError when there is nothing to choose, or one thing twice.
 * @example
 * const width = choice([16, 32, 64]);
 */
export function choice<const T extends Constant>(options: readonly T[]): Space<T> {
  if (options.length === 0) throw new OptionError("choice: expected at least one option, got none.");
  const texts = options.map((option) => JSON.stringify(option));
  const twice = texts.find((text, i) => texts.indexOf(text) !== i);
  if (twice !== undefined) throw new OptionError(`choice: expected different options, got ${twice} twice.`);
  const domain: Domain = {
    ...{ kind: "choice", count: options.length },
    labels: options.map((option, i) => (typeof option === "string" ? option : texts[i]!)),
  };
  return {
    size: options.length,
    express: (decide, path) => options[decide(path, domain)]!,
    decisions: (path) => [{ path, domain }],
    canonical: (value) => JSON.stringify(value),
  };
}
