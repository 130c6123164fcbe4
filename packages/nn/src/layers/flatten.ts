/** All axes but the first become one. */

import { flatten, type Tensor } from "@dl/core";
import { Module } from "../module.ts";

/** `[B, …]` → `[B, rest]`. */
export class Flatten extends Module {
  forward(x: Tensor): Tensor {
    return flatten(x);
  }
}
