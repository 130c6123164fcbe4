import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import * as ops from "../index.ts";
import { decode, type Inputs, type ReferenceCase, referenceSuite } from "../testing/reference-fixture.ts";

/** PyTorch's cross_entropy out of this core's parts: a smoothed row is (1 − s)·loss of its label + s/C·loss of every class. */
function crossEntropy({ attrs, weight }: ReferenceCase, { x, target }: Inputs): ops.Tensor {
  const logits = x!.rank === 4 ? x!.transpose([0, 2, 3, 1]) : x!; // classes last
  const classes = logits.shape.at(-1)!;
  const smoothing: number = attrs.label_smoothing;
  const classWeight = weight ? ops.tensor(decode(weight)) : ops.ones([classes]);
  const counted = ops.greaterEqual(target!, 0).cast("float32");
  const rowWeight = ops.oneHot(target!, classes).mul(classWeight).sum(-1); // 0 where ignored
  const own = ops.softmaxCrossEntropy(logits, target!).mul(rowWeight);
  const every = ops.logSoftmax(logits).mul(classWeight).sum(-1).neg().mul(counted);
  const rows = own.mul(1 - smoothing).add(every.mul(smoothing / classes));
  if (attrs.reduction === "none") return rows;
  return attrs.reduction === "sum" ? rows.sum() : rows.sum().div(rowWeight.sum());
}

referenceSuite("softmax_cross_entropy", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  rounded: ({ weight }) => weight !== undefined && weight !== null,
  run: (example, inputs) => {
    const { x, p } = inputs;
    switch (example.name) {
      case "softmax":
        return ops.softmax(x!, { axis: example.attrs.dim });
      case "log_softmax":
        return ops.logSoftmax(x!, { axis: example.attrs.dim });
      case "logsumexp":
        return ops.logSumExp(x!, example.attrs.dim);
      case "cross_entropy_soft":
        return ops.logSoftmax(x!).mul(p!).sum(-1).neg().mean();
      default:
        return crossEntropy(example, inputs);
    }
  },
});
