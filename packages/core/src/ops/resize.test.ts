import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import * as ops from "../index.ts";
import { referenceSuite } from "../testing/reference-fixture.ts";

const channelsLast = (x: ops.Tensor): ops.Tensor => x.transpose([0, 2, 3, 1]);
const channelsSecond = (x: ops.Tensor): ops.Tensor => x.transpose([0, 3, 1, 2]);

/** PyTorch names the last axis first, and leaves out the axes in front. */
function paddingOf(x: ops.Tensor, flat: readonly number[]): ops.Padding {
  return x.shape.map((_, axis) => {
    const at = 2 * (x.rank - 1 - axis);
    return [flat[at] ?? 0, flat[at + 1] ?? 0];
  });
}

referenceSuite("resize_pad", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name, attrs }, { x }) => {
    switch (name) {
      case "interpolate":
        return channelsSecond(
          ops.resize(channelsLast(x!), { size: attrs.size, mode: attrs.mode, alignCorners: attrs.align_corners ?? false }),
        );
      case "pad":
        return ops.pad(x!, paddingOf(x!, attrs.pad), { mode: attrs.mode });
      case "pixel_shuffle":
        return channelsSecond(ops.pixelShuffle(channelsLast(x!), attrs.r));
      default: {
        const patches = ops.unfold(channelsLast(x!), { kernelSize: attrs.kernel, stride: attrs.stride, padding: attrs.padding });
        const [batch, tall, wide, kernelHeight, kernelWidth, channels] = patches.shape as [number, number, number, number, number, number];
        // PyTorch: [B, C·kh·kw, windows].
        return patches.transpose([0, 5, 3, 4, 1, 2]).reshape([batch, channels * kernelHeight * kernelWidth, tall * wide]);
      }
    }
  },
});
