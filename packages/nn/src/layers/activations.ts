/** Activations as modules, so that summaries and observers see them. In your own `forward`, call the functions of @dl/core. */

import { elu, gelu, geluTanh, leakyRelu, prelu, relu, sigmoid, silu, softmax, type Tensor, tanh } from "@dl/core";
import { checkChoice } from "../check-choice.ts";
import { constant } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkCounts } from "./check-options.ts";

/** max(x, 0). */
export class Relu extends Module {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** x where positive, else `slope`·x. Default slope 0.01. */
export class LeakyRelu extends Module {
  readonly slope: number;

  constructor({ slope = 0.01 }: { slope?: number } = {}) {
    super();
    this.slope = slope;
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, this.slope);
  }
}

/** x where positive, else a learned slope of it, one for all channels or one for each. He et al. 2015, arXiv:1502.01852. */
export class PRelu extends Module {
  /** `[channels]` */
  readonly slope: Parameter;

  /** `channels`: of the last axis, or 1 for one slope; default 1. `initial`: default 0.25. */
  constructor({ channels = 1, initial = 0.25 }: { channels?: number; initial?: number } = {}) {
    super();
    checkCounts("PRelu", { channels });
    this.slope = new Parameter(constant([channels], { value: initial }));
  }

  forward(x: Tensor): Tensor {
    return prelu(x, this.slope.value);
  }
}

/** x where positive, else alpha·(eˣ − 1). Default alpha 1. */
export class Elu extends Module {
  readonly alpha: number;

  constructor({ alpha = 1 }: { alpha?: number } = {}) {
    super();
    this.alpha = alpha;
  }

  forward(x: Tensor): Tensor {
    return elu(x, this.alpha);
  }
}

/** x·Φ(x): exact, or by GPT-2's tanh approximation. Default `none`. */
export class Gelu extends Module {
  readonly approximation: "none" | "tanh";

  constructor({ approximation = "none" }: { approximation?: "none" | "tanh" } = {}) {
    super();
    checkChoice("Gelu", ["approximation", approximation], { of: ["none", "tanh"] });
    this.approximation = approximation;
  }

  forward(x: Tensor): Tensor {
    return this.approximation === "tanh" ? geluTanh(x) : gelu(x);
  }
}

/** x·σ(x). */
export class Silu extends Module {
  forward(x: Tensor): Tensor {
    return silu(x);
  }
}

export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** Along the last axis. Losses take logits: keep it out of what you train. */
export class Softmax extends Module {
  forward(x: Tensor): Tensor {
    return softmax(x);
  }
}
