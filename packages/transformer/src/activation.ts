/** Activations by the names that Hugging Face's configurations give them (`ACT2FN`). */

import { gelu, geluTanh, quickGelu, relu, silu, type Tensor, tanh } from "@dl/core";

export type ActivationName = "gelu" | "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" | "quick_gelu" | "relu" | "silu" | "swish" | "tanh";

export const activations: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_fast: geluTanh,
  quick_gelu: quickGelu,
  relu,
  silu,
  swish: silu,
  tanh,
};

export const activationNames: readonly ActivationName[] = Object.keys(activations) as ActivationName[];
