/** Changing what layers compute from outside, and back: several changes of one layer stand one around the other. */

import type { Tensor } from "@dl/core";
import type { Linear, Mode, Module } from "@dl/nn";

/** Computes a layer's output, knowing how it was computed so far. */
export type Wrap = (x: Tensor, forward: (x: Tensor) => Tensor) => Tensor;

const wraps = new WeakMap<Linear, { readonly inner: (x: Tensor) => Tensor; readonly around: Wrap[] }>();

/** Puts `wrap` around the layer's forward; the function that is returned takes it away. */
export function wrapLayer(layer: Linear, wrap: Wrap): () => void {
  let entry = wraps.get(layer);
  if (entry === undefined) {
    const inner = layer.forward;
    const around: Wrap[] = [];
    entry = { inner, around };
    wraps.set(layer, entry);
    const forward = (x: Tensor): Tensor =>
      around.reduce<(x: Tensor) => Tensor>(
        (below, each) => (input) => each(input, below),
        (input) => inner.call(layer, input),
      )(x);
    Object.defineProperty(layer, "forward", { value: forward, enumerable: false, configurable: true, writable: true });
  }
  const { around, inner } = entry;
  around.push(wrap);
  return () => {
    const at = around.indexOf(wrap);
    if (at >= 0) around.splice(at, 1);
    if (around.length > 0 || wraps.get(layer)?.around !== around) return;
    wraps.delete(layer);
    Object.defineProperty(layer, "forward", { value: inner, enumerable: false, configurable: true, writable: true });
  };
}

/**
 * Watches the mode of a model's passes: layers below are not told it, and dropout in an adapter needs it. Returns how to look, and how
 * to stop watching.
 */
export function watchMode(model: Module): { mode: () => Mode; stop: () => void } {
  const running: Mode[] = [];
  const inner = model.forward as (...inputs: unknown[]) => unknown;
  const forward = (...inputs: unknown[]): unknown => {
    const mode = inputs.find(isMode);
    if (mode) running.push(mode);
    try {
      return inner.apply(model, inputs);
    } finally {
      if (mode) running.pop();
    }
  };
  Object.defineProperty(model, "forward", { value: forward, enumerable: false, configurable: true, writable: true });
  return {
    mode: () => running.at(-1) ?? { training: false },
    stop() {
      // Whoever watches since then passes on to us, and we pass on: nothing to restore.
      if (model.forward === (forward as unknown)) {
        Object.defineProperty(model, "forward", { value: inner, enumerable: false, configurable: true, writable: true });
      }
    },
  };
}

function isMode(input: unknown): input is Mode {
  return typeof input === "object" && input !== null && "training" in input && typeof input.training === "boolean";
}
