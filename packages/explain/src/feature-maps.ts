/** What the layers of a model make of its inputs. */

import { OptionError, Tensor } from "@dl/core";
import { type Module, observe } from "@dl/nn";
import { layerOf } from "./intercept.ts";

export interface FeatureMapsOptions {
  readonly model: Module;
  /** The forward pass: `() => model.forward(x, inference)`. */
  readonly forward: () => unknown;
  /** Paths of the layers. Default: all whose output is a tensor. */
  readonly layers?: readonly string[];
}

/**
 * The output of each layer by its path; of one that runs more than once, the last.
 *
 * @example no-run
 * const { conv1, conv2 } = await device.compute(() => featureMaps({ model, forward: () => model.forward(images, inference), layers: ["conv1", "conv2"] }));
 */
export function featureMaps({ model, forward, layers }: FeatureMapsOptions): Record<string, Tensor> {
  for (const path of layers ?? []) layerOf("featureMaps", model, path);
  const maps: Record<string, Tensor> = {};
  observe(
    model,
    (path, _, { output }) => {
      if (output instanceof Tensor && path !== "" && (layers === undefined || layers.includes(path))) maps[path] = output;
    },
    forward,
  );
  const missing = layers?.find((path) => !(path in maps));
  if (missing !== undefined)
    throw new OptionError(`featureMaps: expected layer "${missing}" to run and give one tensor, got none from it.`);
  return maps;
}
