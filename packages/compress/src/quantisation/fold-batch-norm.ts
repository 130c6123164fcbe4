/** Batch normalisation of a trained network as part of the layer before it. Jacob et al. 2018, arXiv:1712.05877, section 3.2. */

import { type Device, type HostTensor, hostTensor, OptionError, Rng, type Shape, Tensor, tensor } from "@dl/core";
import { BatchNorm, Conv2d, inference, Linear, Module, observe, Parameter } from "@dl/nn";
import { replaceCell } from "../channels/replace-cell.ts";
import { relativeDifference, sameAnswers } from "../layers/agree.ts";
import { requireBare } from "../layers/attached.ts";
import { replaceModule } from "../layers/replace-module.ts";
import type { TracedModel } from "../layers/traced-model.ts";

/** Stands where a module was that does nothing any more. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

/**
 * Scales weights and shifts biases so that the normalisation after a Linear or Conv2d layer is theirs, and puts an `Identity` in its place:
 * one layer less, and one range less to quantise. For inference; the model cannot go on training as before.
 *
 * @returns Paths of the normalisations that are gone. Those that do not directly follow a layer without an activation stay.
 * @throws OptionError when the answers would change: the layer's output is used elsewhere too. The model is as it was, then.
 */
export async function foldBatchNorm(
  model: TracedModel,
  { device, inputShape }: { readonly device: Device; readonly inputShape: Shape },
): Promise<string[]> {
  requireBare("foldBatchNorm", model);
  const inputs = new Rng(1).normal([4, ...inputShape]);
  const run = (): Promise<HostTensor> => device.compute(() => model.forward(tensor(inputs), inference)) as unknown as Promise<HostTensor>;
  const pairs = await followers(model, { device, inputs });
  const before = await run();
  const old = new Set(model.state().values());
  const undo: (() => void)[] = [];
  try {
    for (const { layer, norm, path } of pairs) undo.push(...(await fold(model, { layer, norm, path })));
    const difference = relativeDifference(await run(), before);
    if (difference > sameAnswers) {
      throw new OptionError(
        `foldBatchNorm: expected the same answers, got others, by ${difference.toExponential(1)} of the largest: a layer's output is used beside its normalisation. The model is as it was.`,
      );
    }
  } catch (error) {
    for (const each of undo.reverse()) each();
    throw error;
  }
  const present = new Set(model.state().values());
  for (const cell of old) if (!present.has(cell)) cell[Symbol.dispose]();
  return pairs.map(({ path }) => path);
}

interface Pair {
  readonly layer: Linear | Conv2d;
  readonly norm: BatchNorm;
  /** Of the normalisation. */
  readonly path: string;
}

/** Normalisations whose input is the very tensor that a layer gave; each layer and each normalisation runs once. */
async function followers(model: TracedModel, { device, inputs }: { device: Device; inputs: HostTensor }): Promise<Pair[]> {
  const pairs: Pair[] = [];
  const runs = new Map<Module, number>();
  await device.compute(() => {
    const makers = new Map<unknown, Linear | Conv2d>();
    observe(
      model,
      (path, module, { inputs: [input], output }) => {
        runs.set(module, (runs.get(module) ?? 0) + 1);
        const isLinear = module instanceof Linear && module.activation === undefined;
        if ((isLinear || (module instanceof Conv2d && module.options.activation === undefined)) && output instanceof Tensor) {
          makers.set(output, module);
        }
        const layer = module instanceof BatchNorm ? makers.get(input) : undefined;
        if (layer) pairs.push({ layer, norm: module as BatchNorm, path });
      },
      () => model.forward(tensor(inputs), inference),
    );
  });
  const timesUsed = (layer: Module): number => pairs.filter((pair) => pair.layer === layer).length;
  return pairs.filter(({ layer, norm }) => runs.get(layer) === 1 && runs.get(norm) === 1 && timesUsed(layer) === 1);
}

async function fold(model: TracedModel, { layer, norm, path }: Pair): Promise<(() => void)[]> {
  const [weight, gamma, beta, mean, variance] = await Promise.all(
    [layer.weight, norm.weight, norm.bias, norm.runningMean, norm.runningVariance].map(async (cell) => await cell.read()),
  );
  const bias = await layer.bias?.read();
  const channels = gamma!.data.length;
  const factors = Float64Array.from(gamma!.data, (value, i) => value / Math.sqrt(variance!.data[i]! + norm.epsilon));
  const scaled = Float32Array.from(weight!.data, (value, i) => value * factors[i % channels]!);
  const shifted = Float32Array.from(beta!.data, (value, i) => value + ((bias?.data[i] ?? 0) - mean!.data[i]!) * factors[i]!);
  return [
    replaceCell(layer, "weight", new Parameter(hostTensor(scaled, weight!.shape))),
    replaceCell(layer, "bias", new Parameter(hostTensor(shifted, [channels]))),
    replaceModule(model, path, new Identity()),
  ];
}
