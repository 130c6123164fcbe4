/** The mode of a model's passes, seen from outside. */

import { type Mode, type Module, wrapForward } from "@dl/nn";

/**
 * Watches the mode of a model's passes: layers below are not told it, and dropout in an adapter needs it. Returns how to look, and how
 * to stop watching.
 */
export function watchMode(model: Module): { mode: () => Mode; stop: () => void } {
  const running: Mode[] = [];
  const stop = wrapForward<Module>(model, (forward, ...inputs) => {
    const mode = (inputs as readonly unknown[]).find(isMode);
    if (mode) running.push(mode);
    try {
      return forward(...inputs);
    } finally {
      if (mode) running.pop();
    }
  });
  return { mode: () => running.at(-1) ?? { training: false }, stop };
}

function isMode(input: unknown): input is Mode {
  return typeof input === "object" && input !== null && "training" in input && typeof input.training === "boolean";
}
