/** Several spaces side by side, by name. */

import { join, type Space } from "./space.ts";

/**
 * @example
 * const space = record({ width: choice([16, 32]), learningRate: float(1e-4, 1e-1, { log: true }) });
 */
export function record<T extends object>(fields: { readonly [K in keyof T]: Space<T[K]> }): Space<T> {
  const entries = Object.entries(fields) as [keyof T & string, Space<unknown>][];
  return {
    size: entries.reduce((size, [, space]) => size * space.size, 1),
    express: (decide, path) => Object.fromEntries(entries.map(([name, space]) => [name, space.express(decide, join(path, name))])) as T,
    decisions: (path) => entries.flatMap(([name, space]) => space.decisions(join(path, name))),
    canonical: (value) => `{${entries.map(([name, space]) => `${name}:${space.canonical(value[name])}`).join(",")}}`,
  };
}
