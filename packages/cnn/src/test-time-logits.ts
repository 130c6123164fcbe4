/** Logits averaged over views of an image: mirrored, and moved by a pixel. Jordan 2024, arXiv:2404.00498, section 3.5. */

import { add, flip, mul, pad, slice, type Tensor } from "@dl/core";
import { inference } from "@dl/nn";
import type { ImageClassifier } from "./image-classifier.ts";

export interface TestTimeOptions {
  /** Also up and left, and down and right, by so many pixels, the border mirrored; these four views weigh as much as the two in place. Default 0: no moves. */
  move?: number;
}

/**
 * Means of the logits of `images` `[B, H, W, C]` and of what they are in a mirror: `[B, classes]`. Costs 2 forward passes, 6 with moves.
 *
 * @example
 * const logits = testTimeLogits(model, images, { move: 1 });
 */
export function testTimeLogits(model: ImageClassifier, images: Tensor, { move = 0 }: TestTimeOptions = {}): Tensor {
  const mirrored = (x: Tensor): Tensor => mul(add(model.forward(x, inference), model.forward(flip(x, 2), inference)), 0.5);
  const inPlace = mirrored(images); // [B, classes]
  if (move === 0) return inPlace;
  const sizes = images.shape;
  const padded = pad(
    images,
    [
      [0, 0],
      [move, move],
      [move, move],
      [0, 0],
    ],
    { mode: "reflect" },
  );
  const downRight = mirrored(slice(padded, [0, 0, 0, 0], { sizes }));
  const upLeft = mirrored(slice(padded, [0, 2 * move, 2 * move, 0], { sizes }));
  return add(mul(inPlace, 0.5), mul(add(downRight, upLeft), 0.25));
}
