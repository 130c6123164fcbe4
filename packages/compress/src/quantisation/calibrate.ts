/** Runs a model over calibration data, and finds the range of what each layer is given. */

import { type Device, type HostTensor, OptionError, Tensor, tensor } from "@dl/core";
import { inference, type Module, wrapForward } from "@dl/nn";
import type { TracedModel } from "../layers/traced-model.ts";
import type { WeightedLayer } from "../layers/weighted-layers.ts";
import { ActivationHistogram, type ActivationRange, activationRange, type RangeMethod } from "./activation-range.ts";

export interface CalibrationOptions {
  readonly device: Device;
  /** Batches of inputs like those to come, made ready as for the model; some hundred examples are enough. */
  readonly calibration: readonly HostTensor[];
  /** Default `min-max`. */
  readonly activations?: RangeMethod;
  /** For that method. Default 99.99. */
  readonly percentile?: number;
}

/** The range of the inputs of `layers`, by path; of a layer that runs several times, of all of them. */
export async function calibrate(
  model: TracedModel,
  layers: ReadonlyMap<string, WeightedLayer>,
  { device, calibration, activations = "min-max", percentile }: CalibrationOptions,
): Promise<Map<string, ActivationRange>> {
  if (calibration.length === 0) throw new OptionError("quantise: expected at least one batch of calibration data, got none.");
  const histograms = new Map([...layers.keys()].map((path) => [path, new ActivationHistogram()]));
  const pass = async (look: (histogram: ActivationHistogram, data: HostTensor) => void): Promise<void> => {
    for (const batch of calibration) {
      const seen = await inputsOf(model, layers, { device, batch });
      for (const [path, inputs] of seen) for (const input of inputs) look(histograms.get(path)!, input);
    }
  };
  await pass((histogram, { data }) => histogram.widen(data));
  if (activations !== "min-max") await pass((histogram, { data }) => histogram.count(data));
  return new Map(
    [...histograms].map(([path, histogram]) => [
      path,
      activationRange(reached(path, histogram), { method: activations, ...(percentile !== undefined && { percentile }) }),
    ]),
  );
}

function reached(path: string, histogram: ActivationHistogram): ActivationHistogram {
  if (histogram.min <= histogram.max) return histogram;
  throw new OptionError(
    `quantise: expected calibration data that reaches every layer, got none at ${path}. Leave it out: name the others in layers.`,
  );
}

async function inputsOf(
  model: TracedModel,
  layers: ReadonlyMap<string, WeightedLayer>,
  { device, batch }: { device: Device; batch: HostTensor },
): Promise<ReadonlyMap<string, readonly HostTensor[]>> {
  const seen = await device.compute(() => {
    const inputs = new Map<string, Tensor[]>();
    const undo = [...layers].map(([path, layer]) =>
      wrapForward<Module>(layer, (forward, ...given) => {
        const [x] = given as readonly unknown[];
        if (x instanceof Tensor) inputs.set(path, [...(inputs.get(path) ?? []), x]);
        return forward(...given);
      }),
    );
    try {
      model.forward(tensor(batch), inference);
      return inputs;
    } finally {
      for (const each of undo) each();
    }
  });
  return seen as unknown as ReadonlyMap<string, readonly HostTensor[]>;
}
