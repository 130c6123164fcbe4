/** Pooling over images `[B, H, W, C]`, as modules. */

import { type AveragePoolOptions, averagePool2d, globalAveragePool2d, maxPool2d, type PoolOptions, type Tensor } from "@dl/core";
import { Module } from "../module.ts";
import { pairOf } from "./check-options.ts";

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

/** The mean of each image: `[B, H, W, C]` → `[B, C]`. */
export class GlobalAveragePool2d extends Module {
  forward(x: Tensor): Tensor {
    return globalAveragePool2d(x);
  }
}
