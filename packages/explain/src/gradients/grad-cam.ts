/** What a convolution's channels see, weighed by how much the score depends on them. Grad-CAM: Selvaraju et al. 2017, arXiv:1610.02391; ++: Chattopadhay et al. 2018, arXiv:1710.11063. */

import {
  add,
  expandDims,
  fill,
  grad,
  mean,
  mul,
  OptionError,
  relu,
  resize,
  ShapeError,
  scope,
  squeeze,
  sum,
  type Tensor,
  where,
  zerosLike,
} from "@dl/core";
import type { Module } from "@dl/nn";
import { layerOf, withLayerOutput } from "../intercept.ts";
import { type Forward, type TargetOptions, targetScores } from "../target.ts";

export interface GradCamOptions extends TargetOptions {
  readonly model: Module;
  /** A layer with images `[B, h, w, C]` out, by its path or itself: the last convolution sees the most. */
  readonly layer: string | Module;
  readonly forward: Forward;
  /** `grad-cam`, or `grad-cam++`, which gives several things of one class their share. Default `grad-cam`. */
  readonly method?: "grad-cam" | "grad-cam++";
}

/**
 * Heat maps `[B, H, W]` of the inputs' size, from 0 up: bilinear from the layer's `[B, h, w]`.
 *
 * @param images  `[B, H, W, C]`
 */
export function gradCam(images: Tensor, options: GradCamOptions): Tensor {
  const { model, forward, method = "grad-cam" } = options;
  if (images.rank !== 4) throw new ShapeError(`gradCam: expected images [B, H, W, C], got [${images.shape.join(", ")}].`);
  if (method !== "grad-cam" && method !== "grad-cam++") {
    throw new OptionError(`gradCam: expected method grad-cam or grad-cam++, got ${String(method)}.`);
  }
  const layer = layerOf("gradCam", model, options.layer);
  const { activations, gradient } = activationGradient(images, {
    layer,
    forward,
    ...(options.target === undefined ? {} : { target: options.target }),
  });
  const [height, width] = [images.shape[1]!, images.shape[2]!];
  return scope(() => {
    const weights = method === "grad-cam" ? mean(gradient, [1, 2], { keepDims: true }) : plusPlusWeights(activations, gradient); // [B, 1, 1, C]
    const map = relu(sum(mul(activations, weights), -1)); // [B, h, w]
    return squeeze(resize(expandDims(map, 3), { size: [height, width] }), 3);
  });
}

/** A layer's output and the score's gradient by it. */
function activationGradient(
  images: Tensor,
  { layer, forward, ...target }: { readonly layer: Module; readonly forward: Forward } & TargetOptions,
): { readonly activations: Tensor; readonly gradient: Tensor } {
  let activations: Tensor | undefined;
  const note = (output: Tensor): Tensor => {
    if (output.rank !== 4)
      throw new ShapeError(`gradCam: expected a layer with images [B, h, w, C] out, got [${output.shape.join(", ")}].`);
    activations = output;
    return output;
  };
  withLayerOutput("gradCam", { layer, replace: note }, () => forward(images));
  // Zeros added to the output: the gradient by them is the gradient by it.
  const probe = zerosLike(activations!);
  const replace = (output: Tensor): Tensor => add(output, probe);
  const score = () =>
    sum(
      targetScores(
        "gradCam",
        withLayerOutput("gradCam", { layer, replace }, () => forward(images)),
        target,
      ),
    );
  return { activations: activations!, gradient: grad(score, [probe])[0]! };
}

/** Equation 19 with the exponential of the score, whose second and third derivatives are powers of the first. */
function plusPlusWeights(activations: Tensor, gradient: Tensor): Tensor {
  const second = mul(gradient, gradient);
  const third = mul(second, gradient);
  const under = add(mul(second, 2), mul(sum(activations, [1, 2], { keepDims: true }), third));
  const one = fill([], 1, { dtype: under.dtype });
  // Where the gradient is 0, so is the share.
  const share = where(under.equal(0), zerosLike(second), second.div(where(under.equal(0), one, under)));
  return sum(mul(share, relu(gradient)), [1, 2], { keepDims: true });
}
