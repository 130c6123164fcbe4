/** Training that knows of the rounding to come. Jacob et al. 2018, arXiv:1712.05877, section 3; learned steps: Esser et al. 2020, "LSQ", arXiv:1902.08153. */

import {
  abs,
  type HostTensor,
  hostTensor,
  isReplaying,
  max,
  maximum,
  min,
  minimum,
  OptionError,
  stopGradient,
  type Tensor,
} from "@dl/core";
import { Buffer, type Mode, Module, Parameter, wrapForward } from "@dl/nn";
import type { TracedModel } from "../layers/traced-model.ts";
import { transformWeights } from "../layers/transform-weights.ts";
import { type LayerChoice, outputAxis, parameterNames, type WeightedLayer, weightedLayers } from "../layers/weighted-layers.ts";
import { type CalibrationOptions, calibrate } from "./calibrate.ts";
import { fakeQuantise } from "./fake-quantise.ts";
import { InputQuantiser, scalar } from "./input-quantiser.ts";
import { type AffineScale, activationIntegers, affineScale, leastScale, type WeightBits, weightIntegers } from "./integers.ts";
import { QuantisedModel } from "./quantised-model.ts";
import { type QuantisedWeight, quantiseWeight, roundWith } from "./quantised-weight.ts";

export interface QuantisationAwareOptions extends LayerChoice, CalibrationOptions {
  /** `observed`: ranges follow the weights and a moving average of the activations. `learned`: scales are trained (LSQ). Default `observed`. */
  readonly ranges?: "observed" | "learned";
  /** Of weights. Default 8. */
  readonly bits?: WeightBits;
  /** Share of each batch in observed ranges. Default 0.01. */
  readonly momentum?: number;
}

/** A range that follows the batches: moving averages of their least and largest values, as PyTorch's MovingAverageMinMaxObserver. */
class ObservedInput extends Module {
  readonly min: Buffer;
  readonly max: Buffer;

  constructor({ min, max }: { readonly min: number; readonly max: number }) {
    super();
    this.min = new Buffer(scalar(min));
    this.max = new Buffer(scalar(max));
  }

  forward(x: Tensor, { momentum }: { momentum: number | undefined }): Tensor {
    // A checkpointed part that is replayed must not move them a second time.
    if (momentum !== undefined && !isReplaying()) {
      const fixed = stopGradient(x);
      this.min.set(this.min.value.mul(1 - momentum).add(min(fixed).mul(momentum)));
      this.max.set(this.max.value.mul(1 - momentum).add(max(fixed).mul(momentum)));
    }
    const { low, high } = activationIntegers;
    const [least, most] = [minimum(this.min.value, 0), maximum(this.max.value, 0)];
    const scale = maximum(most.sub(least).div(high - low), leastScale);
    const zeroPoint = least.div(scale).neg().add(low).clip(low, high);
    return fakeQuantise(x, { scale, zeroPoint });
  }

  async read(): Promise<AffineScale> {
    return affineScale({ min: (await this.min.read()).data[0]!, max: (await this.max.read()).data[0]! });
  }
}

/**
 * A model that computes with rounded weights and activations and trains the floats behind them, as one module: give it to `fit` with an
 * optimizer of its `parameters()`. Ranges begin where calibration finds them. `finish` makes the rounding real. Learned scales are hundredths: a
 * rate that carries one to 0 leaves it there, and its layer with it.
 *
 * @example no-run
 * const aware = await QuantisationAware.of(model, { device, calibration, ranges: "learned" });
 * using optimizer = new AdamW(aware.parameters(), { learningRate: 1e-4 });
 * await fit({
 *   device, model: aware, optimizer, dataset, batchSize: 64, epochs: 2, rng,
 *   step: ({ images, labels }, mode) => crossEntropy(aware.forward(images!, mode), labels!),
 * });
 * const quantised = await aware.finish();
 */
export class QuantisationAware extends Module {
  readonly model: TracedModel;
  /** By path of the layer. */
  readonly inputs: ReadonlyMap<string, InputQuantiser | ObservedInput>;
  /** Learned scales of weights, `[outputs]`, by path of the layer; empty when they are observed. */
  readonly scales: ReadonlyMap<string, Parameter>;
  readonly #layers: ReadonlyMap<string, WeightedLayer>;
  readonly #bits: WeightBits;
  readonly #momentum: number;
  readonly #detach: (() => void)[];
  #training = false;

  private constructor(
    model: TracedModel,
    layers: ReadonlyMap<string, WeightedLayer>,
    parts: Pick<QuantisationAware, "inputs" | "scales"> & { readonly bits: WeightBits; readonly momentum: number },
  ) {
    super();
    this.model = model;
    this.inputs = parts.inputs;
    this.scales = parts.scales;
    this.#layers = layers;
    this.#bits = parts.bits;
    this.#momentum = parts.momentum;
    this.#detach = [...layers].flatMap(([path, layer]) => [
      transformWeights(layer, new Map([[layer.weight, (weight) => this.#roundedWeight(path, weight)]])),
      wrapForward<Module>(layer, (forward, ...[x, ...rest]) =>
        forward(...([this.#roundedInput(path, x as unknown as Tensor), ...rest] as unknown as never[])),
      ),
    ]);
  }

  static async of(model: TracedModel, options: QuantisationAwareOptions): Promise<QuantisationAware> {
    const { ranges = "observed", bits = 8, momentum = 0.01 } = options;
    if (ranges !== "observed" && ranges !== "learned") {
      throw new OptionError(`QuantisationAware: expected ranges observed or learned, got ${String(ranges)}.`);
    }
    if (!(momentum > 0 && momentum <= 1))
      throw new OptionError(`QuantisationAware: expected a momentum above 0 and up to 1, got ${momentum}.`);
    const layers = weightedLayers("QuantisationAware", model, options);
    const found = await calibrate(model, layers, options);
    const isLearned = ranges === "learned";
    const inputs = new Map(
      [...found].map(([path, range]) => [
        path,
        isLearned ? new InputQuantiser(affineScale(range), { learned: true }) : new ObservedInput(range),
      ]),
    );
    const scales = new Map<string, Parameter>();
    // A weight that layers share has one scale.
    const ofWeight = new Map<Parameter, Parameter>();
    for (const [path, layer] of isLearned ? layers : []) {
      const { scales: first } = quantiseWeight(await layer.weight.read(), { bits, axis: outputAxis(layer), range: "mse" });
      const scale = ofWeight.get(layer.weight) ?? new Parameter(hostTensor(first, [first.length]));
      ofWeight.set(layer.weight, scale);
      scales.set(path, scale);
    }
    return new QuantisationAware(model, layers, { inputs, scales, bits, momentum });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    this.#training = mode.training;
    return this.model.forward(x, mode);
  }

  #roundedInput(path: string, x: Tensor): Tensor {
    const quantiser = this.inputs.get(path)!;
    return quantiser instanceof InputQuantiser
      ? quantiser.forward(x)
      : quantiser.forward(x, { momentum: this.#training ? this.#momentum : undefined });
  }

  #roundedWeight(path: string, weight: Tensor): Tensor {
    const integers = weightIntegers[this.#bits];
    const axis = outputAxis(this.#layers.get(path)!);
    const others = weight.shape.map((_, i) => i).filter((i) => i !== axis);
    const learned = this.scales.get(path);
    if (learned === undefined) {
      const largest = max(abs(stopGradient(weight)), others, { keepDims: true });
      return fakeQuantise(weight, { scale: maximum(largest.div(integers.high), leastScale), integers });
    }
    const shape = weight.shape.map((size, i) => (i === axis ? size : 1));
    return fakeQuantise(weight, {
      scale: learned.value.clip(leastScale, Number.MAX_VALUE).reshape(shape),
      integers,
      learn: 1 / Math.sqrt((weight.size / learned.size) * integers.high),
    });
  }

  /** Takes the rounding away; the model keeps the weights that were trained. */
  detach(): void {
    for (const undo of this.#detach.splice(0)) undo();
  }

  /** Rounds the weights for good, as they were rounded in training: what this one computed, the quantised model computes. */
  async finish(): Promise<QuantisedModel> {
    const weights = new Map<string, QuantisedWeight>();
    const inputs = new Map<string, AffineScale>();
    const names = parameterNames(this.model);
    for (const [path, layer] of this.#layers) {
      const value: HostTensor = await layer.weight.read();
      const form = { bits: this.#bits, axis: outputAxis(layer) };
      const learned = await this.scales.get(path)?.read();
      const scales = learned && Float32Array.from(learned.data, (scale) => Math.max(leastScale, scale));
      weights.set(names.get(layer.weight)!, scales ? roundWith(value, scales, form) : quantiseWeight(value, form));
      inputs.set(path, await this.inputs.get(path)!.read());
    }
    this.detach();
    return await QuantisedModel.of(this.model, { weights, inputs });
  }
}
