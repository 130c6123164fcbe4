/** What every image classifier of this package is: images in, logits out. */

import type { Tensor } from "@dl/core";
import type { Mode, Module } from "@dl/nn";

/** `[B, H, W, C]` → logits `[B, classes]`. */
export type ImageClassifier = Module & { forward(images: Tensor, mode: Mode): Tensor };
