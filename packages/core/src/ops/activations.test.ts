import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { type Inputs, onEach, type ReferenceCase, referenceSuite } from "../testing/reference-fixture.ts";

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

onEach([cpu(), wasm()], (open) => {
  // PyTorch 2's gradients, where the slope jumps.
  test.each([
    ["elu", [0, -0], [1, 1]],
    ["selu", [0], [1.0507009873554805 * 1.6732632423543772]],
    ["leakyRelu", [0], [0.01]],
    ["relu6", [0, 6], [0, 0]],
    ["hardSigmoid", [-3, 3], [0, 0]],
    ["hardSwish", [-3, 3], [0, 1]],
  ] as const)("the gradient of %s at %j is %j", async (name, at, slopes) => {
    const { device } = open();
    const slope = await device.compute(() => {
      const x = ops.tensor([...at]);
      return ops.grad(() => ops.sum(ops[name](x)), [x])[0]!;
    });
    expect([...slope.data]).toEqual(slopes.map((value) => expect.closeTo(value, 5)));
  });

  test("prelu at 0 has the learned slope, and that learns nothing there", async () => {
    const { device } = open();
    const [byX, bySlope] = await device.compute(() => {
      const [x, slope] = [ops.tensor([0, -0, -1, 2]), ops.tensor([0.25])];
      return ops.grad(() => ops.sum(ops.prelu(x, slope)), [x, slope]);
    });
    expect([[...byX!.data], [...bySlope!.data]]).toEqual([[0.25, 0.25, 0.25, 1], [-1]]);
  });
});
