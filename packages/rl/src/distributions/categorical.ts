/** One of n choices, and several of them at once. */

import { add, customGradient, exp, logSoftmax, mul, neg, reshape, sub, sum, type Tensor, takeAlong } from "@dl/core";
import type { Distribution } from "./distribution.ts";

/** From logits `[B, n]`; actions are int32 `[B]`. */
export class Categorical implements Distribution {
  /** `[B, n]` */
  readonly logProbs: Tensor;

  constructor(logits: Tensor) {
    this.logProbs = logSoftmax(logits);
  }

  logProb(actions: Tensor): Tensor {
    const rows = this.logProbs.shape[0]!;
    return reshape(takeAlong(this.logProbs, reshape(actions, [rows, 1]), { axis: 1 }), [rows]);
  }

  entropy(): Tensor {
    const { logProbs } = this;
    // d(−Σ eʸ·y)/dy = −eʸ·(y + 1), at once instead of operation by operation.
    return customGradient([logProbs], {
      forward: () => neg(sum(mul(exp(logProbs), logProbs), -1)),
      backward: (gradient) => [mul(mul(exp(logProbs), add(logProbs, 1)), reshape(neg(gradient), [-1, 1]))],
    });
  }

  divergence(other: Categorical): Tensor {
    return sum(mul(exp(this.logProbs), sub(this.logProbs, other.logProbs)), -1);
  }
}

/** Independent choices: logits `[B, Σ choices]` one after the other; actions are int32 `[B, choices.length]`. */
export class MultiCategorical implements Distribution {
  readonly parts: readonly Categorical[];

  constructor(logits: Tensor, choices: readonly number[]) {
    let at = 0;
    this.parts = choices.map((n) => {
      const part = new Categorical(logits.slice([0, at], [logits.shape[0]!, n]));
      at += n;
      return part;
    });
  }

  logProb(actions: Tensor): Tensor {
    const rows = actions.shape[0]!;
    return this.parts.map((part, i) => part.logProb(reshape(actions.slice([0, i], [rows, 1]), [rows]))).reduce((a, b) => add(a, b));
  }

  entropy(): Tensor {
    return this.parts.map((part) => part.entropy()).reduce((a, b) => add(a, b));
  }

  divergence(other: MultiCategorical): Tensor {
    return this.parts.map((part, i) => part.divergence(other.parts[i]!)).reduce((a, b) => add(a, b));
  }
}
