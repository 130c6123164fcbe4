/** A space several times over, each time decided anew. */

import { OptionError } from "@dl/core";
import { integer } from "./range.ts";
import { join, type Space } from "./space.ts";

/**
 * @param options.times  How often, or `[least, most]`.
 * @example
 * const blocks = repeat(record({ width: choice([16, 32]) }), { times: [1, 4] });
 */
export function repeat<T>(space: Space<T>, { times }: { times: number | readonly [number, number] }): Space<readonly T[]> {
  const [least, most] = typeof times === "number" ? [times, times] : times;
  if (!Number.isInteger(least) || !Number.isInteger(most) || least < 0 || least > most) {
    throw new OptionError(`repeat: expected times as whole numbers 0 ≤ least ≤ most, got ${least} and ${most}.`);
  }
  const count = integer(least, most);
  let size = 0;
  for (let length = least; length <= most; length++) size += space.size ** length;
  return {
    size,
    express(decide, path) {
      const length = least === most ? least : count.express(decide, join(path, "length"));
      return Array.from({ length }, (_, i) => space.express(decide, join(path, i)));
    },
    decisions: (path) => [
      ...(least === most ? [] : count.decisions(join(path, "length"))),
      ...Array.from({ length: most }, (_, i) => space.decisions(join(path, i))).flat(),
    ],
    canonical: (values) => `[${values.map((value) => space.canonical(value)).join(",")}]`,
  };
}
