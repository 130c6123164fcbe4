import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import * as ops from "../index.ts";
import { referenceSuite } from "../testing/reference-fixture.ts";

const binary: Readonly<Record<string, (a: ops.Tensor, b: ops.Tensor) => ops.Tensor>> = {
  matmul: ops.matmul,
  add_broadcast: ops.add,
  sub_broadcast: ops.sub,
  mul_broadcast: ops.mul,
  div_broadcast: (a, b) => ops.div(a, b.abs().add(0.5)),
  pow_broadcast: (a, b) => ops.pow(a.abs().add(0.5), b),
  maximum_broadcast: ops.maximum,
};

referenceSuite("einsum_matmul_broadcast", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name, attrs }, { a, b, x0, x1 }) => {
    if (name !== "einsum") return binary[name]!(a!, b!);
    return ops.einsum(attrs.equation, x1 ? [x0!, x1] : [x0!]);
  },
});
