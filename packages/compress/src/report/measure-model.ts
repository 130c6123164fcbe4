/** What a model costs and what it is worth: bytes, parameters, operations, time, metrics. */

import { type Device, type HostTensor, OptionError, Rng, type Shape, Tensor, tensor } from "@dl/core";
import { flopsOf, inference, type Module, observe } from "@dl/nn";
import type { Metrics } from "@dl/train";
import { compressedFile } from "../files/compressed-file.ts";
import { requireBare } from "../layers/attached.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { QuantisedModel } from "../quantisation/quantised-model.ts";

/** Of one layer, or of the whole model. */
export interface LayerMeasure {
  readonly path: string;
  /** Class of the layer. */
  readonly kind: string;
  readonly parameters: number;
  /** Parameters that are not 0. */
  readonly nonZeros: number;
  /** Of one input; a multiplication and an addition count as two. */
  readonly flops: number;
}

export interface ModelMeasure {
  /** Of the file: what `compressedFile` writes. */
  readonly bytes: number;
  readonly parameters: number;
  readonly nonZeros: number;
  readonly flops: number;
  /** Milliseconds a forward pass of one batch takes: the median. */
  readonly latency: number;
  /** What `evaluate` gave, such as `accuracy`. */
  readonly metrics: Metrics;
  /** Layers with parameters, or with operations that count. */
  readonly layers: readonly LayerMeasure[];
}

export interface MeasureOptions {
  readonly device: Device;
  /** Of one input, without the batch. */
  readonly inputShape: Shape;
  /** Quality on held-out data. Default nothing is measured. */
  readonly evaluate?: () => Promise<Metrics>;
  /** Inputs in the batch whose time is taken. Default 1. */
  readonly batchSize?: number;
  /** Timed passes, after as many that are not. Default 20. */
  readonly repeats?: number;
  /** Bytes of the file, where another is kept than `compressedFile` writes. */
  readonly bytes?: number;
}

/**
 * Measures a model as it is. Floats compute what was rounded: int8 makes files small, and passes no faster here.
 *
 * @throws OptionError for a model under masks that are not permanent, and for the model within a `QuantisedModel`.
 */
export async function measureModel(
  model: TracedModel | QuantisedModel,
  { device, inputShape, evaluate, batchSize = 1, repeats = 20, bytes }: MeasureOptions,
): Promise<ModelMeasure> {
  for (const [name, value] of Object.entries({ batchSize, repeats })) {
    if (!(Number.isInteger(value) && value >= 1)) throw new OptionError(`measureModel: expected a whole ${name} ≥ 1, got ${value}.`);
  }
  const whole = model instanceof QuantisedModel ? model.model : model;
  requireBare("measureModel", whole, { but: model });
  const nonZeros = new Map<unknown, number>();
  for (const parameter of whole.parameters()) nonZeros.set(parameter, countNonZeros(await parameter.read()));
  const sum = (module: Module): number => module.parameters().reduce((total, parameter) => total + nonZeros.get(parameter)!, 0);
  const layers: LayerMeasure[] = [];
  await device.compute(() => {
    const note = (path: string, module: Module, input: unknown, output: unknown): void => {
      if (module.children.size > 0 || !(input instanceof Tensor && output instanceof Tensor)) return;
      const flops = flopsOf(module, { input: input.shape, output: output.shape });
      const seen = layers.findIndex((layer) => layer.path === path);
      const before = seen < 0 ? 0 : layers.splice(seen, 1)[0]!.flops;
      if (module.parameterCount === 0 && flops === 0) return;
      layers.push({ path, kind: module.constructor.name, parameters: module.parameterCount, nonZeros: sum(module), flops: before + flops });
    };
    const input = tensor(new Rng(1).normal([1, ...inputShape]));
    observe(
      whole,
      (path, module, { inputs, output }) => note(path, module, inputs[0], output),
      () => model.forward(input, inference),
    );
  });
  const parameters = whole.parameterCount;
  const latency = await timePasses(model, { device, repeats, inputs: new Rng(1).normal([batchSize, ...inputShape]) });
  return {
    bytes: bytes ?? (await compressedFile(model)).byteLength,
    parameters,
    nonZeros: sum(whole),
    flops: layers.reduce((total, { flops }) => total + flops, 0),
    latency,
    metrics: (await evaluate?.()) ?? {},
    layers,
  };
}

async function timePasses(
  model: TracedModel,
  { device, repeats, inputs }: { device: Device; repeats: number; inputs: HostTensor },
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 2 * repeats; i++) {
    const start = performance.now();
    // The answer is read: a device may otherwise not have computed it yet.
    await device.compute(() => model.forward(tensor(inputs), inference));
    if (i >= repeats) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)]!;
}

function countNonZeros({ data }: HostTensor): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) count++;
  return count;
}
