/** One of several spaces: decisions that exist only under a condition. */

import { OptionError } from "@dl/core";
import type { Domain } from "./decision.ts";
import { join, type Space } from "./space.ts";

/** Which branch was taken, and its value. */
export type OneOf<T extends object> = { readonly [K in keyof T]: { readonly kind: K; readonly value: T[K] } }[keyof T];

/**
 * @example
 * const optimizer = oneOf({ sgd: record({ momentum: float(0, 0.99) }), adamw: record({ beta2: choice([0.99, 0.999]) }) });
 * // { kind: "sgd", value: { momentum } } or { kind: "adamw", value: { beta2 } }
 */
export function oneOf<T extends object>(branches: { readonly [K in keyof T]: Space<T[K]> }): Space<OneOf<T>> {
  const entries = Object.entries(branches) as [keyof T & string, Space<unknown>][];
  if (entries.length === 0) throw new OptionError("oneOf: expected at least one branch, got none.");
  const domain: Domain = { kind: "choice", count: entries.length, labels: entries.map(([kind]) => kind) };
  return {
    size: entries.reduce((size, [, space]) => size + space.size, 0),
    express(decide, path) {
      const [kind, space] = entries[decide(join(path, "kind"), domain)]!;
      return { kind, value: space.express(decide, join(path, kind)) } as OneOf<T>;
    },
    decisions: (path) => [{ path: join(path, "kind"), domain }, ...entries.flatMap(([kind, space]) => space.decisions(join(path, kind)))],
    canonical: (value) => `${String(value.kind)}(${(branches[value.kind] as Space<unknown>).canonical(value.value)})`,
  };
}

/** The space's values, or null. */
export function optional<T>(space: Space<T>): Space<T | null> {
  const domain: Domain = { kind: "choice", count: 2, labels: ["absent", "present"] };
  return {
    size: space.size + 1,
    express: (decide, path) => (decide(join(path, "present"), domain) === 0 ? null : space.express(decide, join(path, "value"))),
    decisions: (path) => [{ path: join(path, "present"), domain }, ...space.decisions(join(path, "value"))],
    canonical: (value) => (value === null ? "null" : space.canonical(value)),
  };
}
