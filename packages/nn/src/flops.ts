/** Floating-point operations of layers: what summaries and compression reports count. */

import { type Shape, sizeOf } from "@dl/core";
import { ConvTranspose1d } from "./layers/conv-transpose1d.ts";
import { ConvTranspose2d } from "./layers/conv-transpose2d.ts";
import { Conv1d } from "./layers/conv1d.ts";
import { Conv2d } from "./layers/conv2d.ts";
import { Conv3d } from "./layers/conv3d.ts";
import { Linear } from "./layers/linear.ts";
import type { Module } from "./module.ts";

/**
 * Of one forward pass of one layer; a multiplication and an addition count as two. Dense layers and convolutions only: others count nothing.
 *
 * @example
 * flopsOf(new Linear({ inputs: 10, outputs: 5, rng }), { input: [2, 10], output: [2, 5] }); // 200
 */
export function flopsOf(layer: Module, { input, output }: { input: Shape; output: Shape }): number {
  // Every output of a convolution or a dense layer is a sum over one column of its weight.
  if (layer instanceof Linear || layer instanceof Conv2d || layer instanceof Conv1d || layer instanceof Conv3d) {
    const perOutput = layer.weight.size / output[output.length - 1]!;
    return 2 * perOutput * sizeOf(output);
  }
  // A transposed convolution adds every input to a window of outputs: one row of its weight each.
  if (layer instanceof ConvTranspose2d || layer instanceof ConvTranspose1d) {
    return 2 * (layer.weight.size / input[input.length - 1]!) * sizeOf(input);
  }
  return 0;
}
