/** Per-example gradients from what goes into each layer and comes back to it: one forward pass, one backward pass. */

import { customGradient, fill, type Gradients, OptionError, Tensor, valueAndGrad } from "@dl/core";
import { type Module, type Parameter, wrapForward } from "@dl/nn";
import { countExamples, type ExampleBatch, type ExampleGradients, type ExampleLosses, totalOf } from "./example-gradients.ts";
import type { LayerCall, LayerGradients } from "./layer-rule.ts";
import { gradientsOf, layersWithRules, whyNoRule } from "./layer-rules.ts";

/** A layer whose `forward` is watched, and the one call of it. */
interface Tap {
  readonly path: string;
  readonly layer: Module;
  /** A constant that takes no part; its "gradient" is the gradient by the layer's output. */
  readonly probe: Tensor;
}

export function layerGradients<B extends ExampleBatch>(model: Module, batch: B, losses: ExampleLosses<B>): ExampleGradients {
  const examples = countExamples(batch);
  const taps: Tap[] = layersWithParameters(model).map(([path, layer]) => ({ path, layer, probe: fill([], 0) }));
  const calls = new Map<Tap, Omit<LayerCall, "gradient">>();
  const record = (tap: Tap, call: Omit<LayerCall, "gradient">): void => {
    if (calls.has(tap)) {
      throw new OptionError(`clippedGradients: expected each layer to run once, got ${tap.path} twice. Take method: "one by one".`);
    }
    if (call.input.shape[0] !== examples || call.output.shape[0] !== examples) {
      throw new OptionError(
        `clippedGradients: expected the ${examples} examples as the first axis of every layer, got ${tap.path} with [${call.input.shape.join(", ")}]. Take method: "one by one".`,
      );
    }
    calls.set(tap, call);
  };
  // What the rules need is in what `work` returns, and so outlives the backward pass.
  const work = () => {
    const each = watching(taps, record, () => losses(batch));
    return { loss: totalOf(each, examples), each, kept: [...calls.values()].flatMap(({ input, output }) => [input, output]) };
  };
  const { value, grads } = valueAndGrad(
    work,
    taps.map(({ probe }) => probe),
  );
  const parts: LayerGradients[] = [];
  for (const tap of taps) {
    const call = calls.get(tap);
    if (call === undefined) {
      throw new OptionError(
        `clippedGradients: expected every layer with parameters to run, got no call of ${tap.path}. Freeze what is not used, or take method: "one by one".`,
      );
    }
    const gradient = grads.get(tap.probe)!;
    // No path from the layer to the loss: the probe's gradient is the zero of its own shape.
    if (gradient.rank === 0)
      throw new OptionError(`clippedGradients: expected the loss to depend on every layer, got none on ${tap.path}.`);
    parts.push(gradientsOf(tap.layer, { ...call, gradient }));
  }
  return {
    losses: value.each,
    squaredNorms: parts.map(({ squaredNorms }) => squaredNorms).reduce((total, part) => total.add(part)),
    weightedSum: (weights): Gradients<Parameter> => new Map(parts.flatMap((part) => [...part.weightedSum(weights)])),
  };
}

/** The modules that hold parameters in fields of their own, each with a rule. */
function layersWithParameters(model: Module): [string, Module][] {
  const layers: [string, Module][] = [];
  const own = new Set<Parameter>();
  for (const [path, module] of model.modules) {
    const below = new Set([...module.children.values()].flatMap((child) => child.parameters()));
    const parameters = module.parameters().filter((parameter) => !below.has(parameter));
    if (parameters.length === 0) continue;
    if (parameters.some((parameter) => own.has(parameter))) {
      throw new OptionError(
        `clippedGradients: expected each weight in one layer, got one in ${path} that stands in a layer before, too. Take method: "one by one".`,
      );
    }
    const reason = whyNoRule(module);
    if (reason !== undefined) {
      throw new OptionError(
        `clippedGradients: expected layers with a rule (${layersWithRules}), got ${reason} at ${path || "the top"}. Replace it, or take method: "one by one"; batch normalisation mixes examples and has neither: take GroupNorm.`,
      );
    }
    for (const parameter of parameters) own.add(parameter);
    layers.push([path, module]);
  }
  if (layers.length === 0) throw new OptionError("clippedGradients: expected a model with parameters, got none.");
  return layers;
}

/** `work`, in which each layer's output passes by its probe. */
function watching<T>(taps: readonly Tap[], record: (tap: Tap, call: Omit<LayerCall, "gradient">) => void, work: () => T): T {
  const restore = taps.map((tap) =>
    wrapForward<Module>(tap.layer, (forward, ...inputs) => {
      const output: unknown = forward(...inputs);
      const [input] = inputs as readonly unknown[];
      if (!(input instanceof Tensor && output instanceof Tensor)) {
        throw new OptionError(`clippedGradients: expected ${tap.path} to map a tensor to a tensor, got others. Take method: "one by one".`);
      }
      record(tap, { input, output });
      return customGradient([output, tap.probe], { forward: () => output, backward: (gradient) => [gradient, gradient] }) as never;
    }),
  );
  try {
    return work();
  } finally {
    for (const undo of restore) undo();
  }
}
