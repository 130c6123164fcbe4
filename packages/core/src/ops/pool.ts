/** Pooling over windows of images `[B, H, W, C]`. */

import type { PoolGeometry, WindowGeometry } from "../backend.ts";
import { OptionError, ShapeError } from "../errors.ts";
import { differentiable, isRecorded } from "../recording.ts";
import { currentDevice } from "../scope.ts";
import { formatShape } from "../shape.ts";
import { fromBuffer, type Tensor } from "../tensor.ts";
import { apply, requireFloat } from "./apply.ts";
import { concat } from "./concat.ts";
import { scatterAlong } from "./gather.ts";
import { pad } from "./pad.ts";
import { max, mean } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";
import { axisPadding, type Pair, pairOf, type WindowOptions, windowGeometry } from "./windows.ts";

export interface PoolOptions extends Omit<WindowOptions, "dilation"> {
  /** Window size. */
  readonly kernelSize: Pair;
  /** Count a last window that hangs over the border. Default false. */
  readonly ceil?: boolean;
}

function poolGeometry(where: string, x: Tensor, options: PoolOptions & Pick<WindowOptions, "dilation">): PoolGeometry {
  requireFloat(where, x);
  const kernel = pairOf(where, options.kernelSize, { name: "kernelSize" });
  const windows = windowGeometry(where, x.shape, { ...options, kernel, stride: options.stride ?? kernel });
  if (options.padding !== undefined && options.padding !== "valid" && hasEmptyWindow(windows)) {
    throw new OptionError(
      `${where}: expected every window (${kernel.join(" × ")}) to meet the image, got padding ${JSON.stringify(options.padding)} on ${formatShape(x.shape)}, which leaves one in the padding alone.`,
    );
  }
  return { ...windows, channels: x.shape[3]! };
}

/** Windows along one axis. */
interface AxisWindows {
  readonly outputs: number;
  readonly before: number;
  readonly stride: number;
  readonly taps: number;
  readonly dilation: number;
  readonly length: number;
}

/** Whether some window lies in the padding alone: it would have no largest element and no mean. */
function hasEmptyWindow(windows: WindowGeometry): boolean {
  const tall: AxisWindows = {
    outputs: windows.outHeight,
    before: windows.padTop,
    stride: windows.strideHeight,
    taps: windows.kernelHeight,
    dilation: windows.dilationHeight,
    length: windows.height,
  };
  const wide: AxisWindows = {
    outputs: windows.outWidth,
    before: windows.padLeft,
    stride: windows.strideWidth,
    taps: windows.kernelWidth,
    dilation: windows.dilationWidth,
    length: windows.width,
  };
  return hasEmptyWindowAlong(tall) || hasEmptyWindowAlong(wide);
}

function hasEmptyWindowAlong({ outputs, before, stride, taps, dilation, length }: AxisWindows): boolean {
  for (let i = 0; i < outputs; i++) {
    const start = i * stride - before;
    const firstInside = Math.max(0, Math.ceil(-start / dilation));
    if (firstInside >= taps || start + firstInside * dilation >= length) return true;
  }
  return false;
}

/** The largest of each window; the gradient goes to the first of equals. */
export function maxPool2d(x: Tensor, options: PoolOptions & Pick<WindowOptions, "dilation">): Tensor {
  const geometry = poolGeometry("maxPool2d", x, options);
  const { batch, height, width, outHeight, outWidth, channels } = geometry;
  const device = currentDevice("maxPool2d");
  const pooled = device.kernels.maxPool(x, geometry);
  const y = fromBuffer(device, pooled.values, { shape: [batch, outHeight, outWidth, channels], dtype: x.dtype });
  const indices = fromBuffer(device, pooled.indices, { shape: [batch, outHeight * outWidth, channels], dtype: "int32" });
  return differentiable(
    y,
    [x],
    [
      (g) => {
        const { maxPoolGradient } = device.fused;
        if (maxPoolGradient && !isRecorded(g)) return fromBuffer(device, maxPoolGradient.call(device.fused, g, indices, geometry), x);
        const flat = reshape(g, indices.shape);
        return reshape(scatterAlong(indices, flat, { axis: 1, length: height * width }), x.shape);
      },
    ],
  );
}

export interface AveragePoolOptions extends PoolOptions {
  /** Padding counts as zeros; else it is left out of the divisor. What hangs over beyond it with `ceil` never counts. Default false. */
  readonly countPadding?: boolean;
}

/** The mean of each window. */
export function averagePool2d(x: Tensor, { countPadding = false, ...options }: AveragePoolOptions): Tensor {
  const geometry = poolGeometry("averagePool2d", x, options);
  if (!countPadding || !options.ceil) return averageForward(x, geometry, countPadding);
  return averageOfPadded(x, geometry, options);
}

/** Zeros of the padding become pixels, so that they count and what lies beyond them does not. */
function averageOfPadded(x: Tensor, geometry: PoolGeometry, { padding = "valid" }: PoolOptions): Tensor {
  const { height, width, kernelHeight, kernelWidth, strideHeight, strideWidth } = geometry;
  const along = { index: 0, length: height, extent: kernelHeight, stride: strideHeight } as const;
  const across = { index: 1, length: width, extent: kernelWidth, stride: strideWidth } as const;
  const [rows, columns] = [axisPadding("averagePool2d", padding, along), axisPadding("averagePool2d", padding, across)];
  const padded = pad(x, [[0, 0], rows, columns, [0, 0]]);
  const inside = { ...geometry, height: padded.shape[1]!, width: padded.shape[2]!, padTop: 0, padLeft: 0 };
  return averageForward(padded, inside, false);
}

/** Linear, so each of the pair is the other's way back. */
function averageForward(x: Tensor, geometry: PoolGeometry, countPadding: boolean): Tensor {
  const shape = [geometry.batch, geometry.outHeight, geometry.outWidth, geometry.channels];
  const y = apply("averagePool2d", { shape, dtype: x.dtype }, (kernels) => kernels.averagePool(x, geometry, countPadding));
  return differentiable(y, [x], [(g) => averageBackward(g, geometry, countPadding)]);
}

function averageBackward(dy: Tensor, geometry: PoolGeometry, countPadding: boolean): Tensor {
  const shape = [geometry.batch, geometry.height, geometry.width, geometry.channels];
  const dx = apply("averagePoolGradient", { shape, dtype: dy.dtype }, (kernels) => kernels.averagePoolGradient(dy, geometry, countPadding));
  return differentiable(dx, [dy], [(g) => averageForward(g, geometry, countPadding)]);
}

/** The mean of each image: `[B, H, W, C]` → `[B, C]`. Lin et al. 2013, arXiv:1312.4400. */
export function globalAveragePool2d(x: Tensor): Tensor {
  if (x.rank !== 4) throw new ShapeError(`globalAveragePool2d: expected images [B, H, W, C], got ${formatShape(x.shape)}.`);
  return mean(x, [1, 2]);
}

/** Means over windows that share the image out evenly: result `[B, size[0], size[1], C]`, window i from ⌊i·H/h⌋ to ⌈(i + 1)·H/h⌉. */
export function adaptiveAveragePool2d(x: Tensor, size: Pair): Tensor {
  return adaptivePool("adaptiveAveragePool2d", x, { size, reduce: mean });
}

/** The largest of each window, of windows that share the image out evenly, as `adaptiveAveragePool2d` has them. */
export function adaptiveMaxPool2d(x: Tensor, size: Pair): Tensor {
  return adaptivePool("adaptiveMaxPool2d", x, { size, reduce: max });
}

/** Along one axis and then the other: mean and maximum of a window are those of its rows'. */
function adaptivePool(where: string, x: Tensor, { size, reduce }: { size: Pair; reduce: typeof max }): Tensor {
  const [rows, columns] = pairOf(where, size, { name: "size" });
  if (x.rank !== 4) throw new ShapeError(`${where}: expected images [B, H, W, C], got ${formatShape(x.shape)}.`);
  return shareOut(shareOut(x, { axis: 1, parts: rows, reduce }), { axis: 2, parts: columns, reduce });
}

function shareOut(x: Tensor, { axis, parts, reduce }: { axis: number; parts: number; reduce: typeof max }): Tensor {
  const length = x.shape[axis]!;
  if (length % parts === 0) {
    const shape = [...x.shape.slice(0, axis), parts, length / parts, ...x.shape.slice(axis + 1)];
    return reduce(reshape(x, shape), axis + 1);
  }
  const shares = Array.from({ length: parts }, (_, i) => {
    const start = Math.floor((i * length) / parts);
    const end = Math.ceil(((i + 1) * length) / parts);
    const starts = x.shape.map((_, j) => (j === axis ? start : 0));
    const sizes = x.shape.map((all, j) => (j === axis ? end - start : all));
    return reduce(slice(x, starts, { sizes }), axis, { keepDims: true });
  });
  return concat(shares, { axis });
}
