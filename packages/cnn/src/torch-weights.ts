/** Weights between PyTorch's layouts and ours: `[out, in, kh, kw]` and `[kh, kw, in, out]`, `[out, in]` and `[in, out]`. */

import { CheckpointError, formatShape, type HostTensor, permuteHost, type Shape, sizeOf } from "@dl/core";

/** A flattened image: PyTorch flattens it as [C, H, W], we as [H, W, C]. */
export interface FlattenedImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export interface WeightLayoutOptions {
  /** What a dense layer right after a flattened image sees. Default: no image. */
  image?: FlattenedImage | undefined;
}

/** A PyTorch weight in our layout: kernels and dense weights are turned, everything else stays as it is. */
export function fromTorch(tensor: HostTensor, { image }: WeightLayoutOptions = {}): HostTensor {
  if (tensor.shape.length === 4) return permuteHost(tensor, [2, 3, 1, 0]);
  if (tensor.shape.length !== 2) return tensor;
  if (!image) return permuteHost(tensor, [1, 0]);
  const { channels, height, width } = image;
  const outputs = tensor.shape[0]!;
  const unfolded = reshapeHost("fromTorch", tensor, [outputs, channels, height, width]);
  return reshapeHost("fromTorch", permuteHost(unfolded, [2, 3, 1, 0]), [height * width * channels, outputs]);
}

/** One of our weights in PyTorch's layout: the inverse of `fromTorch`. */
export function toTorch(tensor: HostTensor, { image }: WeightLayoutOptions = {}): HostTensor {
  if (tensor.shape.length === 4) return permuteHost(tensor, [3, 2, 0, 1]);
  if (tensor.shape.length !== 2) return tensor;
  if (!image) return permuteHost(tensor, [1, 0]);
  const { channels, height, width } = image;
  const outputs = tensor.shape[1]!;
  const unfolded = reshapeHost("toTorch", tensor, [height, width, channels, outputs]);
  return reshapeHost("toTorch", permuteHost(unfolded, [3, 2, 0, 1]), [outputs, channels * height * width]);
}

function reshapeHost(where: string, tensor: HostTensor, shape: Shape): HostTensor {
  if (sizeOf(shape) !== tensor.data.length) {
    throw new CheckpointError(
      `${where}: expected a dense weight that unfolds to ${formatShape(shape)}, got ${formatShape(tensor.shape)}. Check the image size and the widths of the model.`,
    );
  }
  return { ...tensor, shape };
}
