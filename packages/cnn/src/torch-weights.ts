/** Weights between PyTorch's layouts and ours: `[out, in, kh, kw]` and `[kh, kw, in, out]`, `[out, in]` and `[in, out]`. */

import { CheckpointError, formatShape, type HostTensor, type Shape, sizeOf, stridesOf } from "@dl/core";

/** A flattened image: PyTorch flattens it as [C, H, W], we as [H, W, C]. */
export interface FlattenedImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The axes of `tensor` in another order, on the host. */
export function permuteHost(tensor: HostTensor, order: readonly number[]): HostTensor {
  const shape = order.map((axis) => tensor.shape[axis]!);
  const strides = stridesOf(tensor.shape);
  const steps = order.map((axis) => strides[axis]!);
  const data = tensor.data.slice();
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    data[to] = tensor.data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * steps[axis]!;
      index[axis] = 0;
    }
  }
  return { shape, dtype: tensor.dtype, data };
}

/** A PyTorch weight in our layout. `image` says what a dense layer right after a flattened image sees. */
export function fromTorch(tensor: HostTensor, { image }: { image?: FlattenedImage | undefined } = {}): HostTensor {
  if (tensor.shape.length === 4) return permuteHost(tensor, [2, 3, 1, 0]);
  if (tensor.shape.length !== 2) return tensor;
  if (!image) return permuteHost(tensor, [1, 0]);
  const { channels, height, width } = image;
  const outputs = tensor.shape[0]!;
  const unfolded = reshapeHost(tensor, [outputs, channels, height, width]);
  return reshapeHost(permuteHost(unfolded, [2, 3, 1, 0]), [height * width * channels, outputs]);
}

/** One of our weights in PyTorch's layout: the inverse of `fromTorch`. */
export function toTorch(tensor: HostTensor, { image }: { image?: FlattenedImage | undefined } = {}): HostTensor {
  if (tensor.shape.length === 4) return permuteHost(tensor, [3, 2, 0, 1]);
  if (tensor.shape.length !== 2) return tensor;
  if (!image) return permuteHost(tensor, [1, 0]);
  const { channels, height, width } = image;
  const outputs = tensor.shape[1]!;
  const unfolded = reshapeHost(tensor, [height, width, channels, outputs]);
  return reshapeHost(permuteHost(unfolded, [3, 2, 0, 1]), [outputs, channels * height * width]);
}

function reshapeHost(tensor: HostTensor, shape: Shape): HostTensor {
  if (sizeOf(shape) !== tensor.data.length) {
    throw new CheckpointError(`fromTorch: expected a dense weight over ${formatShape(shape.slice(1))}, got ${formatShape(tensor.shape)}.`);
  }
  return { ...tensor, shape };
}
