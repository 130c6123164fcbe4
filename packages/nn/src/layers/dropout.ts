/** Dropout. Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting". */

import { dropout, type Tensor } from "@dl/core";
import { checkMode, type Mode } from "../mode.ts";
import { Module } from "../module.ts";
import { checkDropout } from "./check-options.ts";

/** In training, each element becomes 0 with probability `rate`, and the others grow by 1/(1 − rate). */
export class Dropout extends Module {
  readonly rate: number;

  constructor({ rate }: { rate: number }) {
    super();
    checkDropout("Dropout", rate);
    this.rate = rate;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    checkMode("Dropout", mode);
    return mode.training ? dropout(x, { rate: this.rate, rng: mode.rng }) : x;
  }
}
