/** Activations as modules, so that summaries and observers see them. In your own `forward`, call the functions of @dl/core. */

import { elu, gelu, geluTanh, leakyRelu, relu, sigmoid, silu, softmax, type Tensor, tanh } from "@dl/core";
import { checkChoice } from "../check-choice.ts";
import { Module } from "../module.ts";

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

/** x where positive, else eˣ − 1. */
export class Elu extends Module {
  forward(x: Tensor): Tensor {
    return elu(x);
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
