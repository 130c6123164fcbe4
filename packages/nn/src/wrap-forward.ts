/** Changing what a module computes from outside, and back: several changes of one module stand one around the other. */

import type { Module } from "./module.ts";

type Forward = (...inputs: unknown[]) => unknown;

/** Computes a module's output from its inputs, knowing how it was computed so far. */
export type ForwardWrap<M extends Module = Module> = (
  forward: (...inputs: Parameters<M["forward"]>) => ReturnType<M["forward"]>,
  ...inputs: Parameters<M["forward"]>
) => ReturnType<M["forward"]>;

const wraps = new WeakMap<Module, { readonly inner: Forward; readonly around: ForwardWrap[] }>();

/**
 * Puts `wrap` around the module's forward, outside of wraps that are there; the function that is returned takes it away, in any order.
 * The module's class and fields stay: for adapters, masks, quantisation, and everything that comes and goes.
 *
 * @example
 * const layer = new Linear({ inputs: 4, outputs: 2, rng });
 * const undo = wrapForward(layer, (forward, x) => forward(x).mul(2));
 * undo();
 */
export function wrapForward<M extends Module>(module: M, wrap: ForwardWrap<M>): () => void {
  let entry = wraps.get(module);
  if (entry === undefined) {
    const inner = module.forward as unknown as Forward;
    const around: ForwardWrap[] = [];
    entry = { inner, around };
    wraps.set(module, entry);
    put(module, (...inputs) =>
      around.reduce<Forward>(
        (below, each) =>
          (...given) =>
            (each as unknown as (forward: Forward, ...inputs: unknown[]) => unknown)(below, ...given),
        (...given) => inner.apply(module, given),
      )(...inputs),
    );
  }
  const { around, inner } = entry;
  // One of its own, so that the same function put twice is taken away once at a time.
  const own: ForwardWrap = (...call) => (wrap as unknown as ForwardWrap)(...call);
  around.push(own);
  return () => {
    const at = around.indexOf(own);
    if (at >= 0) around.splice(at, 1);
    if (around.length > 0 || wraps.get(module)?.around !== around) return;
    wraps.delete(module);
    put(module, inner);
  };
}

// As the base constructor defines it: fields are the registry of a module, and this is not one of them.
function put(module: Module, value: Forward): void {
  Object.defineProperty(module, "forward", { value, enumerable: false, configurable: true, writable: true });
}
