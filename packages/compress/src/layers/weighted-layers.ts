/** The layers whose weights are worth compressing: those that multiply matrices. */

import { OptionError } from "@dl/core";
import { Conv1d, Conv2d, ConvTranspose2d, Linear, type Module, type Parameter } from "@dl/nn";

export type WeightedLayer = Linear | Conv1d | Conv2d | ConvTranspose2d;

export interface LayerChoice {
  /** Paths of dense and convolutional layers, as `model.modules` names them. Default all of them. */
  readonly layers?: readonly string[];
}

export function isWeighted(module: Module): module is WeightedLayer {
  return module instanceof Linear || module instanceof Conv1d || module instanceof Conv2d || module instanceof ConvTranspose2d;
}

/**
 * The chosen layers by path.
 *
 * @throws OptionError for a path that is not that of such a layer, and for a model without one.
 */
export function weightedLayers(where: string, model: Module, { layers }: LayerChoice): ReadonlyMap<string, WeightedLayer> {
  const all = new Map([...model.modules].filter((entry): entry is [string, WeightedLayer] => isWeighted(entry[1])));
  if (all.size === 0) {
    throw new OptionError(`${where}: expected a model with Linear or convolutional layers, got ${model.constructor.name} without one.`);
  }
  if (layers === undefined) return all;
  if (layers.length === 0) throw new OptionError(`${where}: expected at least one layer, got an empty list.`);
  return new Map(
    layers.map((path) => {
      const layer = all.get(path);
      if (layer === undefined) {
        const known = [...all.keys()];
        const some = known.slice(0, 12).map((name) => (name === "" ? "(the model itself)" : name));
        throw new OptionError(
          `${where}: expected paths of Linear or convolutional layers (${some.join(", ")}${known.length > 12 ? " …" : ""}), got ${JSON.stringify(path)}.`,
        );
      }
      return [path, layer];
    }),
  );
}

/** Their weights, under the names that `model.namedParameters()` gives them: one that several layers share is there once. */
export function weightsOf(model: Module, layers: ReadonlyMap<string, WeightedLayer>): Map<string, Parameter> {
  return new Map([...layersByWeight(model, layers)].map(([name, layer]) => [name, layer.weight]));
}

/** The first layer of each weight, by the weight's name. */
export function layersByWeight(model: Module, layers: ReadonlyMap<string, WeightedLayer>): Map<string, WeightedLayer> {
  const names = parameterNames(model);
  const found = new Map<string, WeightedLayer>();
  for (const layer of layers.values()) {
    const name = names.get(layer.weight)!;
    if (!found.has(name)) found.set(name, layer);
  }
  return found;
}

/** The name of each parameter: a weight may be another module's too, and have its name there. */
export function parameterNames(model: Module): ReadonlyMap<Parameter, string> {
  return new Map([...model.namedParameters()].map(([name, parameter]) => [parameter, name]));
}

/** The path of a field of the module at `path`, which is "" for the model itself. */
export function pathOf(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}

/** The axis of the weight that runs over output channels. */
export function outputAxis(layer: WeightedLayer): number {
  return layer instanceof ConvTranspose2d ? 2 : layer.weight.shape.length - 1;
}
