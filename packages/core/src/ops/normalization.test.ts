import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { decode, type Inputs, onEach, type ReferenceCase, referenceSuite } from "../testing/reference-fixture.ts";

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

onEach([cpu({ precision: "float64" }), cpu(), wasm()], (open) => {
  test("a weight of two axes normalises over the last two together", async () => {
    const { device } = open();
    const { layer, rms } = await device.compute(() => {
      const x = ops.tensor([1, 3, 1, 3, 5, 5, 1, 1]).reshape([2, 2, 2]);
      const [weight, bias] = [ops.tensor([1, 2, 3, 4]).reshape([2, 2]), ops.ones([2, 2])];
      return { layer: ops.layerNorm(x, { weight, bias, epsilon: 0 }), rms: ops.rmsNorm(x, { weight, epsilon: 0 }) };
    });
    expect(layer.shape).toEqual([2, 2, 2]);
    // Means 2 and 3, deviations 1 and 2; root mean squares √5 and √13.
    [0, 3, -2, 5, 2, 3, -2, -3].forEach((value, i) => {
      expect(layer.data[i]).toBeCloseTo(value, 5);
    });
    [1, 6, 3, 12].forEach((value, i) => {
      expect(rms.data[i]).toBeCloseTo(value / Math.sqrt(5), 5);
    });
  });

  test("a weight of other last axes is refused", async () => {
    const { device } = open();
    await device.compute(() => {
      const [weight, bias] = [ops.ones([3, 2]), ops.zeros([3, 2])];
      expect(() => ops.layerNorm(ops.ones([4, 2, 3]), { weight, bias })).toThrow(
        new ops.ShapeError("layerNorm: expected weight and bias of the last 2 axes of x, [2, 3], got [3, 2] and [3, 2]."),
      );
      expect(() => ops.rmsNorm(ops.ones([2]), { weight })).toThrow(ops.ShapeError);
    });
  });
});
