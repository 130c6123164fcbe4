import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import * as ops from "../index.ts";
import { type Inputs, type ReferenceCase, referenceSuite } from "../testing/reference-fixture.ts";

type OneInput = (x: ops.Tensor) => ops.Tensor;

const activations: Readonly<Record<string, OneInput>> = {
  gelu_erf: ops.gelu,
  gelu_tanh: ops.geluTanh,
  silu: ops.silu,
  relu: ops.relu,
  leaky_relu_0_2: (x) => ops.leakyRelu(x, 0.2),
  elu: (x) => ops.elu(x),
  selu: ops.selu,
  softplus: ops.softplus,
  mish: ops.mish,
  sigmoid: ops.sigmoid,
  tanh: ops.tanh,
  logsigmoid: ops.logSigmoid,
  hardswish: ops.hardSwish,
  hardsigmoid: ops.hardSigmoid,
  softsign: ops.softsign,
  relu6: ops.relu6,
  quick_gelu: ops.quickGelu,
  erf: ops.erf,
  exp_clamped: (x) => ops.exp(ops.clip(x, -5, 5)),
  glu: ops.glu,
};

referenceSuite("activations", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name }: ReferenceCase, { x, w }: Inputs) => {
    // PyTorch's PReLU has one slope per channel, the second axis.
    if (name === "prelu") return ops.prelu(x!, w!.reshape([-1, 1]));
    return activations[name]!(x!);
  },
});
