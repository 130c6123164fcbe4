/** Weights between PyTorch's layouts and ours: `[out, in, kh, kw]` and `[kh, kw, in, out]`, `[out, in]` and `[in, out]`. */

import { CheckpointError, formatShape, type HostTensor, type Shape, sizeOf, stridesOf } from "@dl/core";

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

/** The axes of `tensor` in another order, on the host: axis i of the result is axis `order[i]`. */
function permuteHost({ shape: from, dtype, data: source }: HostTensor, order: readonly number[]): HostTensor {
  const shape = order.map((axis) => from[axis]!);
  const strides = stridesOf(from);
  const steps = order.map((axis) => strides[axis]!);
  const data = source.slice();
  const index = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let to = 0; to < data.length; to++) {
    data[to] = source[at]!;
    // The next index, counted like an odometer, and the place it has in the source.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= shape[axis]! * steps[axis]!;
      index[axis] = 0;
    }
  }
  return { shape, dtype, data };
}

function reshapeHost(where: string, tensor: HostTensor, shape: Shape): HostTensor {
  if (sizeOf(shape) !== tensor.data.length) {
    throw new CheckpointError(
      `${where}: expected a dense weight that unfolds to ${formatShape(shape)}, got ${formatShape(tensor.shape)}. Check the image size and the widths of the model.`,
    );
  }
  return { ...tensor, shape };
}
