/** Which parameters masks and rounding are attached to: a model that is cut or written then is not the one that computes. */

import { OptionError } from "@dl/core";
import type { Module, Parameter } from "@dl/nn";

const attached = new WeakMap<Parameter, Set<object>>();

/** Notes that a module computes with other than `parameters`; `owner` is whoever sees to it. The function that is returned takes it back. */
export function noteAttached(parameters: Iterable<Parameter>, owner: object): () => void {
  const all = [...parameters];
  for (const parameter of all) attached.set(parameter, (attached.get(parameter) ?? new Set()).add(owner));
  return () => {
    for (const parameter of all) attached.get(parameter)?.delete(owner);
  };
}

/**
 * @param options.but  An owner whose changes are accounted for.
 * @throws OptionError that names the parameters of `model` to which something is attached.
 */
export function requireBare(where: string, model: Module, { but }: { readonly but?: object | undefined } = {}): void {
  const found = [...model.namedParameters()].filter(([, parameter]) => [...(attached.get(parameter) ?? [])].some((owner) => owner !== but));
  if (found.length === 0) return;
  const some = found.slice(0, 4).map(([path]) => path);
  throw new OptionError(
    `${where}: expected a model that computes with its own weights, got masks or rounding attached to ${some.join(", ")}${found.length > some.length ? " …" : ""}. Make masks permanent, finish training under rounding, or detach them first.`,
  );
}
