/**
 * The matrix of patches ("im2col") of a convolution, never stored: a row for each output position, a column for each
 * (kernel row, kernel column, input channel of the group). Chellapilla et al. 2006, "High performance convolutional neural networks".
 */

import type { ConvGeometry } from "@dl/core";
import type { Floats } from "../memory.ts";
import { type GemmSink, type GemmSource, lanes } from "./gemm.ts";

/** Patches as the left side of `patches · weights`: lanes are positions, depths are elements of the patch. */
export class PatchRows implements GemmSource {
  readonly #x: Floats;
  readonly #geometry: ConvGeometry;
  readonly #group: number;

  constructor(x: Floats, geometry: ConvGeometry, group: number) {
    this.#x = x;
    this.#geometry = geometry;
    this.#group = group;
  }

  pack(panels: Float64Array, lane: number, count: number, depth: number, length: number): void {
    const g = this.#geometry;
    const x = this.#x;
    const { height, width, inChannels, outHeight, outWidth, kernelWidth, dilationHeight, dilationWidth } = g;
    const channels = inChannels / g.groups;
    const groupOffset = this.#group * channels;
    const end = depth + length;
    for (let i = 0; i < count; i++) {
      const position = lane + i;
      const ow = position % outWidth;
      const rest = (position - ow) / outWidth;
      const oh = rest % outHeight;
      const b = (rest - oh) / outHeight;
      const top = oh * g.strideHeight - g.padTop;
      const left = ow * g.strideWidth - g.padLeft;
      let at = (i - (i % lanes)) * length + (i % lanes);
      for (let p = depth; p < end; ) {
        const tap = Math.floor(p / channels);
        const channel = p - tap * channels;
        const run = Math.min(channels - channel, end - p);
        const kw = tap % kernelWidth;
        const row = top + ((tap - kw) / kernelWidth) * dilationHeight;
        const column = left + kw * dilationWidth;
        if (row >= 0 && row < height && column >= 0 && column < width) {
          const from = ((b * height + row) * width + column) * inChannels + groupOffset + channel;
          for (let c = 0; c < run; c++, at += lanes) panels[at] = x[from + c]!;
        } else {
          for (let c = 0; c < run; c++, at += lanes) panels[at] = 0;
        }
        p += run;
      }
    }
    for (let i = count; i % lanes !== 0; i++) {
      for (let p = 0, at = (i - (i % lanes)) * length + (i % lanes); p < length; p++, at += lanes) panels[at] = 0;
    }
  }
}

/** The same matrix transposed, for the gradient by the weights: lanes are elements of the patch, depths are positions. */
export class PatchColumns implements GemmSource {
  readonly #x: Floats;
  readonly #geometry: ConvGeometry;
  readonly #group: number;

  constructor(x: Floats, geometry: ConvGeometry, group: number) {
    this.#x = x;
    this.#geometry = geometry;
    this.#group = group;
  }

  pack(panels: Float64Array, lane: number, count: number, depth: number, length: number): void {
    const g = this.#geometry;
    const x = this.#x;
    const { height, width, inChannels, outHeight, outWidth, kernelWidth, dilationHeight, dilationWidth } = g;
    const channels = inChannels / g.groups;
    const groupOffset = this.#group * channels;
    const padded = Math.ceil(count / lanes) * lanes;
    for (let p = 0; p < length; p++) {
      const position = depth + p;
      const ow = position % outWidth;
      const rest = (position - ow) / outWidth;
      const oh = rest % outHeight;
      const b = (rest - oh) / outHeight;
      const top = oh * g.strideHeight - g.padTop;
      const left = ow * g.strideWidth - g.padLeft;
      for (let i = 0; i < count; ) {
        const tap = Math.floor((lane + i) / channels);
        const channel = lane + i - tap * channels;
        const end = i + Math.min(channels - channel, count - i);
        const kw = tap % kernelWidth;
        const row = top + ((tap - kw) / kernelWidth) * dilationHeight;
        const column = left + kw * dilationWidth;
        if (row >= 0 && row < height && column >= 0 && column < width) {
          let from = ((b * height + row) * width + column) * inChannels + groupOffset + channel;
          for (; i < end; i++) panels[((i & -lanes) * length + p * lanes) | (i & (lanes - 1))] = x[from++]!;
        } else {
          for (; i < end; i++) panels[((i & -lanes) * length + p * lanes) | (i & (lanes - 1))] = 0;
        }
      }
      for (let i = count; i < padded; i++) panels[((i & -lanes) * length + p * lanes) | (i & (lanes - 1))] = 0;
    }
  }
}

/** Adds rows of a patch matrix back to the pixels they came from ("col2im"): the gradient by the image. */
export class PatchAdder implements GemmSink {
  readonly #dx: Float64Array;
  readonly #geometry: ConvGeometry;
  readonly #group: number;

  /** @param dx Of the images whose positions are the rows; zeroed by the caller. */
  constructor(dx: Float64Array, geometry: ConvGeometry, group: number) {
    this.#dx = dx;
    this.#geometry = geometry;
    this.#group = group;
  }

  store(sums: Float64Array, row: number, rows: number, column: number, columns: number, stride: number): void {
    const g = this.#geometry;
    const dx = this.#dx;
    const { height, width, inChannels, outHeight, outWidth, kernelWidth } = g;
    const channels = inChannels / g.groups;
    const groupOffset = this.#group * channels;
    for (let r = 0; r < rows; r++) {
      const position = row + r;
      const ow = position % outWidth;
      const rest = (position - ow) / outWidth;
      const oh = rest % outHeight;
      const b = (rest - oh) / outHeight;
      for (let i = 0; i < columns; ) {
        const tap = Math.floor((column + i) / channels);
        const channel = column + i - tap * channels;
        const run = Math.min(channels - channel, columns - i);
        const kw = tap % kernelWidth;
        const y = oh * g.strideHeight - g.padTop + ((tap - kw) / kernelWidth) * g.dilationHeight;
        const x = ow * g.strideWidth - g.padLeft + kw * g.dilationWidth;
        if (y >= 0 && y < height && x >= 0 && x < width) {
          const to = ((b * height + y) * width + x) * inChannels + groupOffset + channel;
          const from = r * stride + i;
          for (let c = 0; c < run; c++) dx[to + c]! += sums[from + c]!;
        }
        i += run;
      }
    }
  }
}
