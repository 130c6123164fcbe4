/** x·W + b. */

import { linear, type Rng, type Tensor } from "@dl/core";
import type { Initializer } from "../init/initializer.ts";
import { fanInUniform } from "../init/variance-scaling.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkActivation, checkCounts, checkRng } from "./check-options.ts";

export interface LinearOptions {
  inputs: number;
  outputs: number;
  /** Default true. */
  bias?: boolean;
  /** Applied last, in the same kernel. Default none. */
  activation?: "relu";
  /** Default uniform in ±1/√inputs. */
  weightInit?: Initializer;
  /** Default uniform in ±1/√inputs. */
  biasInit?: Initializer;
  rng: Rng;
}

/**
 * `[…, inputs]` → `[…, outputs]`.
 *
 * @example
 * const head = new Linear({ inputs: 84, outputs: 10, rng: rng.fork("head") });
 */
export class Linear extends Module {
  /** `[inputs, outputs]` */
  readonly weight: Parameter;
  /** `[outputs]` */
  readonly bias: Parameter | undefined;
  readonly activation: "relu" | undefined;

  constructor({
    inputs,
    outputs,
    bias = true,
    activation,
    weightInit = fanInUniform,
    biasInit = (shape, { rng }) => fanInUniform(shape, { rng, fanIn: inputs }),
    rng,
  }: LinearOptions) {
    super();
    checkCounts("Linear", { inputs, outputs });
    checkActivation("Linear", activation);
    checkRng("Linear", rng);
    this.weight = new Parameter(weightInit([inputs, outputs], { rng: rng.fork("weight") }));
    this.bias = bias ? new Parameter(biasInit([outputs], { rng: rng.fork("bias") })) : undefined;
    this.activation = activation;
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight.value, { bias: this.bias?.value, activation: this.activation });
  }
}
