/** What tracing and folding need of a model: one tensor in, one tensor out. */

import type { Tensor } from "@dl/core";
import type { Mode, Module } from "@dl/nn";

/** Such as an image classifier: `[B, …]` → `[B, …]`. */
export type TracedModel = Module & { forward(x: Tensor, mode: Mode): Tensor };
