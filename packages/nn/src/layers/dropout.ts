/** Dropout. Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting". */

import { dropout, OptionError, type Tensor } from "@dl/core";
import { checkMode, type Mode } from "../mode.ts";
import { Module } from "../module.ts";

/** In training, each element becomes 0 with probability `rate`, and the others grow by 1/(1 − rate). */
export class Dropout extends Module {
  readonly rate: number;

  constructor({ rate }: { rate: number }) {
    super();
    if (!(rate >= 0 && rate < 1)) throw new OptionError(`Dropout: expected a rate from 0 up to, not including, 1, got ${rate}.`);
    this.rate = rate;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    checkMode("Dropout", mode);
    return mode.training ? dropout(x, { rate: this.rate, rng: mode.rng }) : x;
  }
}
