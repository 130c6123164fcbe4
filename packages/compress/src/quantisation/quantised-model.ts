/** A model of rounded weights, and of rounded activations where that is wanted: what int8 arithmetic computes, in floats. Jacob et al. 2018, arXiv:1712.05877. */

import { type HostTensor, OptionError, type Tensor } from "@dl/core";
import { type Mode, Module, wrapForward } from "@dl/nn";
import { noteAttached, requireBare } from "../layers/attached.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { type LayerChoice, layersByWeight, outputAxis, type WeightedLayer, weightedLayers } from "../layers/weighted-layers.ts";
import { type CalibrationOptions, calibrate } from "./calibrate.ts";
import { InputQuantiser } from "./input-quantiser.ts";
import { type AffineScale, affineScale } from "./integers.ts";
import { dequantise, type QuantisedWeight, type QuantiseWeightOptions, quantiseWeight } from "./quantised-weight.ts";

export interface QuantisedParts {
  /** By path of the parameter. */
  readonly weights: ReadonlyMap<string, QuantisedWeight>;
  /** By path of the layer; empty when activations stay floats. */
  readonly inputs: ReadonlyMap<string, AffineScale>;
}

/**
 * Made, it has put the rounded weights into the model, and rounds what its layers are given; `detach` gives the model back bit for bit.
 * Biases, normalisation and everything between layers stay floats. Make it with `quantise`, `quantiseWeights`, or from a file.
 */
export class QuantisedModel extends Module {
  readonly model: TracedModel;
  /** By path of the layer. */
  readonly inputs: ReadonlyMap<string, InputQuantiser>;
  readonly #weights: ReadonlyMap<string, QuantisedWeight>;
  readonly #before: ReadonlyMap<string, HostTensor>;
  readonly #detach: (() => void)[];

  private constructor(model: TracedModel, { weights, inputs }: QuantisedParts, before: ReadonlyMap<string, HostTensor>) {
    super();
    this.model = model;
    this.inputs = new Map([...inputs].map(([path, scale]) => [path, new InputQuantiser(scale)]));
    this.#weights = weights;
    this.#before = before;
    const parameters = model.namedParameters();
    for (const [path, weight] of weights) parameters.get(path)!.load(dequantise(weight));
    const modules = model.modules;
    const layers = [...this.inputs.keys()].map((path) => modules.get(path) as WeightedLayer);
    const touched = [...[...weights.keys()].map((path) => parameters.get(path)!), ...layers.map(({ weight }) => weight)];
    this.#detach = [
      noteAttached(touched, this),
      ...[...this.inputs.values()].map((quantiser, i) =>
        wrapForward<Module>(layers[i]!, (forward, ...[x, ...rest]) =>
          forward(...([quantiser.forward(x as unknown as Tensor), ...rest] as unknown as never[])),
        ),
      ),
    ];
  }

  /** @throws OptionError for parts that are not the model's, and for a model with masks or rounding attached. */
  static async of(model: TracedModel, parts: QuantisedParts): Promise<QuantisedModel> {
    requireBare("QuantisedModel", model);
    const parameters = model.namedParameters();
    const layers = weightedLayers("QuantisedModel", model, {});
    const before = new Map<string, HostTensor>();
    for (const [path, { shape }] of parts.weights) {
      const parameter = parameters.get(path);
      if (parameter === undefined || parameter.shape.join() !== shape.join()) {
        throw new OptionError(
          `QuantisedModel: expected weights of ${model.constructor.name}, got ${path} [${shape.join(", ")}]${parameter ? `, which is [${parameter.shape.join(", ")}] there` : ""}.`,
        );
      }
      before.set(path, await parameter.read());
    }
    for (const path of parts.inputs.keys()) {
      if (!layers.has(path)) throw new OptionError(`QuantisedModel: expected inputs of Linear or convolutional layers, got ${path}.`);
    }
    return new QuantisedModel(model, parts, before);
  }

  /** Rounded weights, by path of the parameter in the model. */
  get weights(): ReadonlyMap<string, QuantisedWeight> {
    return this.#weights;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    if (mode.training) {
      throw new OptionError(
        "QuantisedModel.forward: expected inference, got training: rounded weights are not trained. Use QuantisationAware.",
      );
    }
    return this.model.forward(x, mode);
  }

  /** The model as it was. A second time nothing happens. */
  detach(): void {
    if (this.#detach.length === 0) return;
    for (const undo of this.#detach.splice(0)) undo();
    const parameters = this.model.namedParameters();
    for (const [path, value] of this.#before) parameters.get(path)!.load(value);
  }
}

export interface QuantiseWeightsOptions extends LayerChoice, Omit<QuantiseWeightOptions, "axis"> {}

/**
 * Weights alone, of dense and convolutional layers: for files a quarter or an eighth as large. int4 wants groups, such as 32.
 *
 * @example
 * const small = await quantiseWeights(model, { bits: 4, group: 32, range: "mse" });
 */
export async function quantiseWeights(model: TracedModel, options: QuantiseWeightsOptions = {}): Promise<QuantisedModel> {
  const layers = weightedLayers("quantiseWeights", model, options);
  return await QuantisedModel.of(model, { weights: await roundedWeights(layersByWeight(model, layers), options), inputs: new Map() });
}

async function roundedWeights(
  byWeight: ReadonlyMap<string, WeightedLayer>,
  options: QuantiseWeightsOptions,
): Promise<Map<string, QuantisedWeight>> {
  const weights = new Map<string, QuantisedWeight>();
  for (const [name, layer] of byWeight) {
    weights.set(name, quantiseWeight(await layer.weight.read(), { ...options, axis: outputAxis(layer) }));
  }
  return weights;
}

export interface QuantiseOptions extends QuantiseWeightsOptions, CalibrationOptions {}

/**
 * Static quantisation after training: weights by channel, symmetric; what each dense and convolutional layer is given in int8, over a range
 * found on calibration data. Fold batch normalisation first (`foldBatchNorm`).
 *
 * @example no-run
 * await foldBatchNorm(model, { device, inputShape: [28, 28, 1] });
 * const quantised = await quantise(model, { device, calibration, activations: "mse" });
 * const logits = await device.compute(() => quantised.forward(tensor(images), inference));
 */
export async function quantise(model: TracedModel, options: QuantiseOptions): Promise<QuantisedModel> {
  const layers = weightedLayers("quantise", model, options);
  const ranges = await calibrate(model, layers, options);
  const inputs = new Map([...ranges].map(([path, range]) => [path, affineScale(range)]));
  return await QuantisedModel.of(model, { weights: await roundedWeights(layersByWeight(model, layers), options), inputs });
}
