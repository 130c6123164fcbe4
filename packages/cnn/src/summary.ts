/** A model at a glance: its layers with their output shapes, parameters and floating-point operations. */

import { type Device, type Shape, Tensor, zeros } from "@dl/core";
import { flopsOf, inference, type Module, observe } from "@dl/nn";
import type { ImageClassifier } from "./image-classifier.ts";

/** One layer, or a block with parameters of its own beside its layers. */
export interface LayerSummary {
  /** Path in the model. */
  readonly path: string;
  /** Class of the layer. */
  readonly kind: string;
  readonly outputShape: Shape;
  /** Values in its own parameters, those of its layers aside. */
  readonly parameters: number;
  /** Of one forward pass over the given input; a multiplication and an addition count as two. Convolutions and dense layers only. */
  readonly flops: number;
}

export interface ModelSummary {
  /** In the order they end; the parameters sum to the total unless a layer is used twice. */
  readonly layers: readonly LayerSummary[];
  /** Shared parameters count once. */
  readonly parameters: number;
  readonly flops: number;
}

/**
 * Runs the model once on zeros and writes down what its layers do.
 *
 * @param options.inputShape  `[B, H, W, C]`
 * @example
 * console.log(formatSummary(await summarize(model, { device, inputShape: [1, 28, 28, 1] })));
 */
export async function summarize(
  model: ImageClassifier,
  { device, inputShape }: { device: Device; inputShape: Shape },
): Promise<ModelSummary> {
  const layers: LayerSummary[] = [];
  await device.compute(() => {
    const observer = (path: string, module: Module, { inputs: [input], output }: { inputs: readonly unknown[]; output: unknown }): void => {
      const parameters = ownParameters(module);
      // Blocks only pass on what their layers count, unless they have parameters too, such as scales.
      if ((module.children.size > 0 && parameters === 0) || !(input instanceof Tensor && output instanceof Tensor)) return;
      layers.push({
        path,
        kind: module.constructor.name,
        outputShape: output.shape,
        parameters,
        flops: flopsOf(module, { input: input.shape, output: output.shape }),
      });
    };
    observe(model, observer, () => model.forward(zeros(inputShape), inference));
  });
  return { layers, parameters: model.parameterCount, flops: layers.reduce((total, { flops }) => total + flops, 0) };
}

/** Values in the parameters that are in none of the module's children. */
function ownParameters(module: Module): number {
  const below = new Set([...module.children.values()].flatMap((child) => child.parameters()));
  return module.parameters().reduce((count, parameter) => (below.has(parameter) ? count : count + parameter.size), 0);
}

/** The summary as an aligned text table. */
export function formatSummary({ layers, parameters, flops }: ModelSummary): string {
  const rows = layers.map(({ path, kind, outputShape, parameters, flops }) => [
    path || "(model)",
    kind,
    `[${outputShape.join(", ")}]`,
    grouped(parameters),
    grouped(flops),
  ]);
  const table = [["layer", "kind", "output", "parameters", "FLOPs"], ...rows, ["total", "", "", grouped(parameters), grouped(flops)]];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => (column < 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `61,706`: the same in every locale. */
function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
