import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { onEach, referenceSuite } from "../testing/reference-fixture.ts";

const backends = [cpu({ precision: "float64" }), cpu(), wasm()];

/** PyTorch's padding, a number or one per axis, on both sides. */
const bothSides = (padding: number | [number, number]): ops.WindowPadding =>
  typeof padding === "number"
    ? padding
    : [
        [padding[0], padding[0]],
        [padding[1], padding[1]],
      ];

referenceSuite("conv2d", {
  backends,
  run: ({ attrs: { stride, padding, dilation, groups } }, { x, w, b }) => {
    const images = x!.transpose([0, 2, 3, 1]); // [B, C, H, W] → [B, H, W, C]
    const weight = w!.transpose([2, 3, 1, 0]); // [out, in / groups, kh, kw] → [kh, kw, in / groups, out]
    return ops.conv2d(images, weight, { stride, padding: bothSides(padding), dilation, groups, bias: b }).transpose([0, 3, 1, 2]);
  },
});

referenceSuite("conv_transpose2d", {
  backends,
  run: ({ attrs: { stride, padding, output_padding, dilation, groups } }, { x, w, b }) => {
    const images = x!.transpose([0, 2, 3, 1]);
    const weight = w!.transpose([2, 3, 1, 0]); // [in, out / groups, kh, kw] → [kh, kw, out / groups, in]
    const options = { stride, padding: bothSides(padding), outputPadding: output_padding, dilation, groups, bias: b };
    return ops.convTranspose2d(images, weight, options).transpose([0, 3, 1, 2]);
  },
});

referenceSuite("conv_transpose1d", {
  backends,
  run: ({ attrs: { stride, padding, output_padding, dilation, groups } }, { x, w, b }) => {
    // [B, C, T] → [B, T, C]; [in, out / groups, k] → [k, out / groups, in]
    const options = { stride, padding, outputPadding: output_padding, dilation, groups, bias: b };
    return ops.convTranspose1d(x!.transpose([0, 2, 1]), w!.transpose([2, 1, 0]), options).transpose([0, 2, 1]);
  },
});

referenceSuite("conv1d_conv3d", {
  backends,
  run: ({ name, attrs: { stride, padding } }, { x, w, b }) => {
    if (name === "conv1d") {
      const y = ops.conv1d(x!.transpose([0, 2, 1]), w!.transpose([2, 1, 0]), { stride, padding, bias: b });
      return y.transpose([0, 2, 1]);
    }
    const volumes = x!.transpose([0, 2, 3, 4, 1]); // [B, C, D, H, W] → [B, D, H, W, C]
    return ops.conv3d(volumes, w!.transpose([2, 3, 4, 1, 0]), { stride, padding, bias: b }).transpose([0, 4, 1, 2, 3]);
  },
});

onEach([cpu({ precision: "float64" }), wasm()], (open) => {
  test("conv3d turned is conv3d: strides, padding and dilation are each axis's own", async () => {
    const { device } = open();
    const rng = new ops.Rng(3);
    const [volumes, weights] = [rng.fork("x").normal([2, 7, 6, 5, 4]), rng.fork("w").normal([3, 2, 2, 2, 6])];
    const { straight, turned } = await device.compute(() => {
      const [x, w] = [ops.tensor(volumes), ops.tensor(weights)];
      const options = { groups: 2, bias: ops.range(6, { dtype: "float32" }) };
      // [B, D, H, W, C] → [B, W, D, H, C]: width becomes depth.
      const roll = (y: ops.Tensor): ops.Tensor => y.transpose([0, 3, 1, 2, 4]);
      return {
        straight: roll(ops.conv3d(x, w, { ...options, stride: [2, 1, 3], padding: [1, 0, 2], dilation: [1, 2, 3] })),
        turned: ops.conv3d(roll(x), w.transpose([2, 0, 1, 3, 4]), {
          ...options,
          stride: [3, 2, 1],
          padding: [2, 1, 0],
          dilation: [3, 1, 2],
        }),
      };
    });
    expect(turned.shape).toEqual([2, 2, 4, 4, 6]);
    expect(straight.shape).toEqual(turned.shape);
    // Sums of 24 products of order 1 in float32, in another order.
    for (let i = 0; i < turned.data.length; i++) expect(Math.abs(straight.data[i]! - turned.data[i]!)).toBeLessThan(1e-5);
  });
});
