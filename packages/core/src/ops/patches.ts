/** Images cut into patches, and channels spread over pixels. */

import { ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { requireTensor } from "./apply.ts";
import { stack } from "./concat.ts";
import { pad } from "./pad.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";
import { transpose } from "./transpose.ts";
import { type Pair, pairOf, type WindowOptions, windowGeometry } from "./windows.ts";

/** Every window's elements: `[B, H, W, C]` → `[B, H', W', kh, kw, C]`, also called im2col. */
export function unfold(x: Tensor, { kernelSize, ...windows }: Omit<WindowOptions, "dilation"> & { kernelSize: Pair }): Tensor {
  requireTensor("unfold", x);
  const kernel = pairOf("unfold", kernelSize, { name: "kernelSize" });
  const { batch, height, width, outHeight, outWidth, padTop, padLeft, strideHeight, strideWidth } = windowGeometry("unfold", x.shape, {
    ...windows,
    kernel,
  });
  const bottom = Math.max(0, (outHeight - 1) * strideHeight + kernel[0] - height - padTop);
  const right = Math.max(0, (outWidth - 1) * strideWidth + kernel[1] - width - padLeft);
  const padded = pad(x, [
    [0, 0],
    [padTop, bottom],
    [padLeft, right],
    [0, 0],
  ]);
  const channels = x.shape[3]!;
  const sizes = [batch, outHeight, outWidth, channels];
  const steps = [1, strideHeight, strideWidth, 1];
  const parts = Array.from({ length: kernel[0] * kernel[1] }, (_, i) =>
    slice(padded, [0, Math.floor(i / kernel[1]), i % kernel[1], 0], { sizes, steps }),
  );
  return reshape(stack(parts, { axis: 3 }), [batch, outHeight, outWidth, kernel[0], kernel[1], channels]);
}

/** Channels become pixels: `[B, H, W, C·r²]` → `[B, H·r, W·r, C]`; channel order as in PyTorch. Shi et al. 2016, arXiv:1609.05158. */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  requireTensor("pixelShuffle", x);
  const [batch, height, width, channels] = x.shape as readonly [number, number, number, number];
  if (x.rank !== 4 || channels % factor ** 2 !== 0) {
    throw new ShapeError(
      `pixelShuffle: expected images [B, H, W, C] with channels divisible by ${factor ** 2}, got ${formatShape(x.shape)}.`,
    );
  }
  const split = reshape(x, [batch, height, width, channels / factor ** 2, factor, factor]); // [B, H, W, C, r, r]
  return reshape(transpose(split, [0, 1, 4, 2, 5, 3]), [batch, height * factor, width * factor, channels / factor ** 2]);
}
