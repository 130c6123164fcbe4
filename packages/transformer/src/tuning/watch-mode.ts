/** The mode of a model's passes, seen from outside. */

import { type Mode, type Module, wrapForward } from "@dl/nn";

/**
 * Watches the mode of a model's passes: its layers are not told it, and dropout in an adapter needs it. Returns how to look, and how to
 * stop watching.
 *
 * Every module is watched that has modules in it, not the model alone: a pass may enter by the encoder, and what is computed again on
 * the way back enters by a block. A layer that is called between passes, such as the projection of what an encoder gave, is of the
 * pass before.
 */
export function watchMode(model: Module): { mode: () => Mode; stop: () => void } {
  const running: Mode[] = [];
  let last: Mode = { training: false };
  const stops = [...model.modules.values()]
    .filter(({ modules }) => modules.size > 1)
    .map((module) =>
      wrapForward<Module>(module, (forward, ...inputs) => {
        const mode = modeOf(inputs);
        if (mode) {
          running.push(mode);
          last = mode;
        }
        try {
          return forward(...inputs);
        } finally {
          if (mode) running.pop();
        }
      }),
    );
  return {
    mode: () => running.at(-1) ?? last,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

/** Models are given it as it is, blocks among their options. */
function modeOf(inputs: readonly unknown[]): Mode | undefined {
  for (const input of inputs) {
    if (isMode(input)) return input;
    if (typeof input === "object" && input !== null && "mode" in input && isMode(input.mode)) return input.mode;
  }
  return undefined;
}

function isMode(input: unknown): input is Mode {
  return typeof input === "object" && input !== null && "training" in input && typeof input.training === "boolean";
}
