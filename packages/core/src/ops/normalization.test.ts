import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import * as ops from "../index.ts";
import { decode, type Inputs, type ReferenceCase, referenceSuite } from "../testing/reference-fixture.ts";

const channelsLast = (x: ops.Tensor): ops.Tensor => (x.rank === 4 ? x.transpose([0, 2, 3, 1]) : x);
const channelsSecond = (x: ops.Tensor): ops.Tensor => (x.rank === 4 ? x.transpose([0, 3, 1, 2]) : x);

function batchNorm({ attrs, extra }: ReferenceCase, { x, w, b }: Inputs): ops.Tensor {
  const images = channelsLast(x!);
  if (attrs.training) return channelsSecond(ops.batchNorm(images, { weight: w!, bias: b!, epsilon: attrs.eps }).y);
  const mean = ops.tensor(decode(extra!.running_mean_before!));
  const variance = ops.tensor(decode(extra!.running_var_before!));
  return channelsSecond(
    images
      .sub(mean)
      .mul(ops.rsqrt(variance.add(attrs.eps)))
      .mul(w!)
      .add(b!),
  );
}

/** Groups of channels of one image are rows to normalise; instances are groups of one channel. */
function groupNorm(
  x: ops.Tensor,
  { groups, epsilon, w, b }: { groups: number; epsilon: number; w: ops.Tensor; b: ops.Tensor },
): ops.Tensor {
  const rows = ops.normalizeRows(x.reshape([x.shape[0]!, groups, -1]), epsilon).reshape(x.shape);
  return rows.mul(w.reshape([-1, 1, 1])).add(b.reshape([-1, 1, 1]));
}

referenceSuite("norm", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: (example, inputs) => {
    const { x, w, b } = inputs;
    const epsilon: number = example.attrs.eps;
    switch (example.name) {
      case "batch_norm":
        return batchNorm(example, inputs);
      case "layer_norm":
        return ops.layerNorm(x!, { weight: w!, bias: b!, epsilon });
      case "rms_norm":
        return ops.rmsNorm(x!, { weight: w!, epsilon });
      default:
        return groupNorm(x!, { groups: example.attrs.groups ?? x!.shape[1], epsilon, w: w!, b: b! });
    }
  },
});
