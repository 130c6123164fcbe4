/** Puts a module in the place of another, wherever its parent keeps it. */

import { OptionError } from "@dl/core";
import { Module } from "@dl/nn";

/**
 * Replaces the module at `path`; the function that is returned puts the old one back.
 *
 * @throws OptionError when there is none, or it is the model itself.
 */
export function replaceModule(model: Module, path: string, replacement: Module): () => void {
  const old = model.modules.get(path);
  if (old === undefined || old === model) {
    throw new OptionError(`replaceModule: expected the path of a module inside ${model.constructor.name}, got ${JSON.stringify(path)}.`);
  }
  const undo: (() => void)[] = [];
  const seen = new Set<unknown>();
  // A module may stand in several places: all of them get the new one.
  const visit = (holder: object): void => {
    if (seen.has(holder)) return;
    seen.add(holder);
    if (holder instanceof Map) {
      for (const [key, value] of holder) {
        if (value === old) {
          holder.set(key, replacement);
          undo.push(() => holder.set(key, old));
        } else if (isHolder(value)) visit(value);
      }
      return;
    }
    const fields = holder as Record<string, unknown>;
    for (const [key, value] of Object.entries(fields)) {
      if (value === old) {
        fields[key] = replacement;
        undo.push(() => {
          fields[key] = old;
        });
      } else if (isHolder(value)) visit(value);
    }
  };
  visit(model);
  return () => {
    for (const each of undo) each();
  };
}

/** What `Module` looks into: modules, and plain containers of them. */
function isHolder(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Module || Array.isArray(value) || value instanceof Map) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
