/** Activations by the names that Hugging Face's configurations give them (`ACT2FN`). */

import { gelu, geluTanh, hardSwish, leakyRelu, mish, quickGelu, relu, relu6, sigmoid, silu, square, type Tensor, tanh } from "@dl/core";

export type ActivationName =
  | "gelu"
  | "gelu_python"
  | "gelu_new"
  | "gelu_pytorch_tanh"
  | "gelu_fast"
  | "quick_gelu"
  | "relu"
  | "relu2"
  | "relu6"
  | "leaky_relu"
  | "silu"
  | "swish"
  | "hardswish"
  | "mish"
  | "sigmoid"
  | "tanh"
  | "linear";

export const activations: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  gelu,
  gelu_python: gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_fast: geluTanh,
  quick_gelu: quickGelu,
  relu,
  relu2: (x) => square(relu(x)),
  relu6,
  leaky_relu: (x) => leakyRelu(x, 0.01),
  silu,
  swish: silu,
  hardswish: hardSwish,
  mish,
  sigmoid,
  tanh,
  linear: (x) => x,
};

export const activationNames: readonly ActivationName[] = Object.keys(activations) as ActivationName[];
