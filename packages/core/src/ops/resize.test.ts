import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { onEach, referenceSuite } from "../testing/reference-fixture.ts";

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

onEach([cpu({ precision: "float64" }), wasm()], (open) => {
  test("signals and volumes as images: three to six, by the nearest row and by its centre; a cube of one to two", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const signal = ops.tensor([1, 2, 4, 8, 16]).reshape([1, 5, 1]);
      return [
        ops.resize(signal, { size: [3], mode: "nearest" }), // rows ⌊i·5/3⌋
        ops.resize(signal, { size: [3], mode: "nearest-exact" }), // rows ⌊(i + ½)·5/3⌋
        ops.resize(ops.tensor([0, 4]).reshape([1, 2, 1]), { size: [4] }),
        ops.resize(ops.ones([1, 1, 1, 1, 2]), { size: [2, 1, 2] }),
      ];
    });
    expect(out.map(({ shape, data }) => [shape, ...data])).toEqual([
      [[1, 3, 1], 1, 2, 8],
      [[1, 3, 1], 1, 4, 16],
      [[1, 4, 1], 0, 1, 3, 4],
      [[1, 2, 1, 2, 2], 1, 1, 1, 1, 1, 1, 1, 1],
    ]);
  });

  test("circular padding goes on at the other side, and on again", async () => {
    const { device } = open();
    const padded = await device.compute(() => ops.pad(ops.tensor([1, 2, 3]), [[2, 4]], { mode: "circular" }));
    expect(Array.from(padded.data)).toEqual([2, 3, 1, 2, 3, 1, 2, 3, 1]);
  });

  test("a mode that there is not is refused, not replaced", async () => {
    const { device } = open();
    await device.compute(() => {
      const x = ops.ones([1, 2, 2, 1]);
      const [pad, resize] = [{ mode: "wrap" as "circular" }, { size: [4, 4], mode: "area" as "nearest" }];
      const sides: ops.Padding = [1, 1, 1, 1].map((side) => [side, side] as const);
      expect(() => ops.pad(x, sides, pad)).toThrow('expected mode "constant", "reflect", "replicate" or "circular", got "wrap".');
      expect(() => ops.resize(x, resize)).toThrow(ops.OptionError);
      expect(() => ops.resize(x, { size: [4] })).toThrow(ops.ShapeError);
    });
  });
});
