/** Settings that a file holds, checked as those of a link are. */

import { DataError } from "@dl/core";
import { type Schema, type ValuesOf, wrongWith } from "./schema.ts";

/**
 * The schema's values out of `given`, which may be anything; what else it holds is left out.
 *
 * @param options.file  Named in the error.
 * @throws DataError that says of each value that makes no sense what it should have been.
 */
export function checkedValues<S extends Schema>(schema: S, given: unknown, { file }: { file: string }): ValuesOf<S> {
  const values = (typeof given === "object" && given !== null ? given : {}) as Readonly<Record<string, unknown>>;
  const wrong: string[] = [];
  const entries = Object.entries(schema).map(([name, setting]) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const why = wrongWith(setting, value);
    if (why !== undefined)
      wrong.push(`${setting.label}: ${why}, got ${value === undefined ? "none" : JSON.stringify(value).slice(0, 40)}.`);
    return [name, value];
  });
  if (wrong.length > 0) throw new DataError(`${file}: its settings make no sense here. ${wrong.join(" ")} Was it edited?`);
  return Object.fromEntries(entries) as ValuesOf<S>;
}
