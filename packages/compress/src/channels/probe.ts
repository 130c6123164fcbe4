/** Which inputs of which layers depend on which output channels: found by changing channels and looking, whatever lies between. */

import {
  abs,
  concat,
  conv2d,
  type Device,
  fill,
  type HostTensor,
  hostTensor,
  max,
  maximum,
  narrow,
  ones,
  ShapeError,
  type Tensor,
  tensor,
} from "@dl/core";
import { BatchNorm, inference, type Module, wrapForward } from "@dl/nn";
import type { TracedModel } from "../layers/traced-model.ts";
import { isBarrier, isPasser, isProducer } from "./channel-roles.ts";

/** The path under which the model's own answer is among the inputs looked at. */
export const answer = "(answer)";

/** By path of the layer, for each of its input features: the channel it depends on, `none`, or `several`. */
export type Dependencies = ReadonlyMap<string, readonly (number | "none" | "several")[]>;

/**
 * Dependence of all inputs on the output channels of `source`; on the model's input as a whole where `source` is undefined.
 *
 * Every layer gives ones, but `source`, which gives 2 in some channels: those whose number has a 1 at a place, and, in another example
 * of the batch, those that have a 0 there. A feature that depends on one channel changes in exactly one of each such pair, and the
 * pairs spell the channel's number; one that depends on several changes in both of some pair.
 */
export async function probe(
  model: TracedModel,
  source: { readonly path: string; readonly channels: number } | undefined,
  { device, input }: { device: Device; input: HostTensor },
): Promise<Dependencies> {
  const places = source === undefined ? 1 : Math.max(1, Math.ceil(Math.log2(source.channels)));
  // The first is the measure; without a source the second has another input.
  const examples = source === undefined ? 2 : 1 + 2 * places;
  const seen = new Map<string, Tensor[]>();
  const changes = await device.compute(() => {
    const undo: (() => void)[] = [];
    const note = (path: string, x: Tensor): void => void seen.set(path, [...(seen.get(path) ?? []), changeOf(x, examples)]);
    try {
      for (const [path, module] of model.modules) {
        const stand = standIn(module, path === source?.path ? codes(source.channels, places) : undefined);
        if (stand === undefined) continue;
        undo.push(
          wrapForward<Module>(module, (forward, ...inputs) => {
            const [x] = inputs as unknown as [Tensor];
            note(path, x);
            return stand(x, forward as unknown as (x: Tensor) => Tensor) as never;
          }),
        );
      }
      const one = tensor(input);
      const rest = source === undefined ? [one.mul(0.5).add(1)] : Array.from({ length: examples - 1 }, () => one);
      note(answer, model.forward(concat([one, ...rest], { axis: 0 }), inference));
      return new Map([...seen].map(([path, all]) => [path, all.reduce((a, b) => maximum(a, b))]));
    } finally {
      for (const each of undo) each();
    }
  });
  return new Map([...changes].map(([path, change]) => [path, decode(change as unknown as HostTensor, source === undefined)]));
}

/** What a module gives while channels are traced; undefined for one that is left as it is. */
function standIn(module: Module, code: HostTensor | undefined): ((x: Tensor, forward: (x: Tensor) => Tensor) => Tensor) | undefined {
  if (isProducer(module) || isBarrier(module)) {
    return (x, forward) => {
      const { shape, dtype } = forward(x);
      const flat = ones(shape, { dtype });
      if (code === undefined) return flat;
      const [examples, channels] = code.shape as readonly [number, number];
      // Rows of one example stay together where a model folds time into the batch.
      return flat.reshape([examples, -1, channels]).add(tensor(code).cast(dtype).expandDims(1)).reshape(shape);
    };
  }
  if (!isPasser(module)) return undefined;
  if (module instanceof BatchNorm) return (x) => x;
  // A mean over each window in the place of its weights, which might be zero.
  const { shape } = module.weight;
  const { activation: _, ...options } = module.options;
  return (x) => conv2d(x, fill(shape, 1 / (shape[0]! * shape[1]!), { dtype: x.dtype }), options);
}

/** `[1 + 2 · places, channels]`: what is added to the ones. */
function codes(channels: number, places: number): HostTensor {
  const data = new Float32Array((1 + 2 * places) * channels);
  for (let place = 0; place < places; place++) {
    for (let channel = 0; channel < channels; channel++) {
      const isOne = (channel >> place) & 1;
      data[(1 + 2 * place + (isOne ? 0 : 1)) * channels + channel] = 1;
    }
  }
  return hostTensor(data, [1 + 2 * places, channels]);
}

/** `[examples, features]`: how far each feature is from that of the first example, anywhere. */
function changeOf(x: Tensor, examples: number): Tensor {
  if (x.rank < 2 || x.shape[0]! % examples !== 0) {
    throw new ShapeError(
      `traceChannels: expected tensors with examples first and features last between layers, got [${x.shape.join(", ")}] for ${examples} examples.`,
    );
  }
  const flat = x.reshape([examples, -1, x.shape.at(-1)!]);
  return max(abs(flat.sub(narrow(flat, 0, { start: 0, size: 1 }))), 1);
}

function decode({ shape, data }: HostTensor, isWhole: boolean): (number | "none" | "several")[] {
  const [examples, features] = shape as readonly [number, number];
  const changed = (example: number, feature: number): boolean => data[example * features + feature]! > 0;
  return Array.from({ length: features }, (_, feature) => {
    if (isWhole) return changed(1, feature) ? "several" : "none";
    let channel = 0;
    let [any, one] = [false, true];
    for (let place = 0; 1 + 2 * place < examples; place++) {
      const [isOne, isZero] = [changed(1 + 2 * place, feature), changed(2 + 2 * place, feature)];
      any ||= isOne || isZero;
      one &&= isOne !== isZero;
      if (isOne) channel |= 1 << place;
    }
    return !any ? "none" : one ? channel : "several";
  });
}
