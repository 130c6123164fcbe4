/** What happens around every `forward`: errors learn the module's path, and observers see inputs and outputs. */

import { DlError } from "@dl/core";
import type { Module } from "./module.ts";

/** Sees one call of a module's `forward`. `path` is relative to the observed model, which is "". */
export type Observer = (path: string, module: Module, call: { readonly inputs: readonly unknown[]; readonly output: unknown }) => void;

interface Observation {
  readonly pathOf: ReadonlyMap<Module, string>;
  readonly observer: Observer;
}

// Forward passes are synchronous, so the modules that run now form one stack.
const running: Module[] = [];
const observations: Observation[] = [];

type Forward = (...inputs: unknown[]) => unknown;

/** @internal Wraps the instance's `forward`; called by the base constructor. */
export function instrumentForward(module: Module): void {
  const inner = module.forward as unknown as Forward;
  const forward: Forward = (...inputs) => {
    running.push(module);
    try {
      const output = inner.apply(module, inputs);
      for (const { pathOf, observer } of observations) {
        const path = pathOf.get(module);
        if (path !== undefined) observer(path, module, { inputs, output });
      }
      return output;
    } catch (error) {
      if (error instanceof DlError && error.path === undefined) addPath(error, module);
      throw error;
    } finally {
      running.pop();
    }
  };
  // Not enumerable: fields are the registry, and this is not one of them.
  Object.defineProperty(module, "forward", { value: forward, enumerable: false, configurable: true, writable: true });
}

/**
 * Runs `work`, and calls `observer` after each `forward` of `model` and the modules in it: for summaries, feature maps,
 * activation statistics. What `observer` throws ends the work.
 *
 * @example
 * const shapes = new Map<string, Shape>();
 * observe(model, (path, _, { output }) => output instanceof Tensor && shapes.set(path, output.shape), () => model.forward(x, inference));
 */
export function observe<T>(model: Module, observer: Observer, work: () => T): T {
  const observation = { pathOf: new Map([...model.modules].map(([path, module]) => [module, path])), observer };
  observations.push(observation);
  try {
    return work();
  } finally {
    observations.splice(observations.indexOf(observation), 1);
  }
}

/** Tells an error where it happened: the path from the outermost running module that holds `module`. */
function addPath(error: DlError, module: Module): void {
  let path = module.constructor.name;
  for (const outer of running) {
    const found = [...outer.modules].find(([, inside]) => inside === module);
    if (found !== undefined) {
      path = [outer.constructor.name, found[0]].filter((part) => part !== "").join(".");
      break;
    }
  }
  const before = error.message;
  error.path = path;
  error.message = `${before} In ${path}.`;
  // The stack was written when the error was made, and is what an uncaught error prints.
  if (error.stack !== undefined) error.stack = error.stack.replace(before, () => error.message);
}
