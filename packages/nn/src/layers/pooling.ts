/** Pooling over images `[B, H, W, C]` and sequences `[B, T, C]`, as modules. */

import {
  type AveragePool1dOptions,
  type AveragePoolOptions,
  averagePool1d,
  averagePool2d,
  globalAveragePool2d,
  maxPool1d,
  maxPool2d,
  type Pool1dOptions,
  type PoolOptions,
  type Tensor,
} from "@dl/core";
import { Module } from "../module.ts";
import { checkCounts, pairOf } from "./check-options.ts";

/** The largest of each window. The stride is the window's size by default. */
export class MaxPool2d extends Module {
  readonly options: PoolOptions;

  constructor(options: PoolOptions) {
    super();
    pairOf("MaxPool2d", ["kernelSize", options.kernelSize]);
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}

/** The mean of each window. The stride is the window's size by default. */
export class AveragePool2d extends Module {
  readonly options: AveragePoolOptions;

  constructor(options: AveragePoolOptions) {
    super();
    pairOf("AveragePool2d", ["kernelSize", options.kernelSize]);
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return averagePool2d(x, this.options);
  }
}

/** The largest of each window of a sequence: `[B, T, C]` → `[B, T', C]`. The stride is the window's size by default. */
export class MaxPool1d extends Module {
  readonly options: Pool1dOptions;

  constructor(options: Pool1dOptions) {
    super();
    checkCounts("MaxPool1d", { kernelSize: options.kernelSize });
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return maxPool1d(x, this.options);
  }
}

/** The mean of each window of a sequence: `[B, T, C]` → `[B, T', C]`. The stride is the window's size by default. */
export class AveragePool1d extends Module {
  readonly options: AveragePool1dOptions;

  constructor(options: AveragePool1dOptions) {
    super();
    checkCounts("AveragePool1d", { kernelSize: options.kernelSize });
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return averagePool1d(x, this.options);
  }
}

/** The mean of each image: `[B, H, W, C]` → `[B, C]`. */
export class GlobalAveragePool2d extends Module {
  forward(x: Tensor): Tensor {
    return globalAveragePool2d(x);
  }
}
