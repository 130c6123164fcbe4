/** A network over any observation space: numbers go in as they are, choices as one-hot vectors, pictures through a convolution. */

import { cast, concat, flatten, OptionError, oneHot, reshape, type Tensor } from "@dl/core";
import { Conv2d, Module } from "@dl/nn";
import { Box } from "../spaces/box.ts";
import { Dict } from "../spaces/dict.ts";
import { Discrete } from "../spaces/discrete.ts";
import { MultiDiscrete } from "../spaces/multi-discrete.ts";
import type { Space } from "../spaces/space.ts";
import { Mlp, type MlpOptions, orthogonalStart } from "./mlp.ts";

export interface NetworkOptions extends Omit<MlpOptions, "inputs"> {
  observationSpace: Space<unknown>;
  /** Further inputs beside the observation, such as an action. Default 0. */
  extra?: number;
}

/** Rows of the observation space, `[B, size]`, and maybe `[B, extra]` → `[B, outputs]`. */
export class Network extends Module {
  readonly mlp: Mlp;
  /** For pictures `[H, W, C]`: 16 filters of 3 × 3, as for MinAtar. Young and Tian 2019, arXiv:1903.03176. */
  readonly picture: Conv2d | undefined;
  readonly #encode: (rows: Tensor) => Tensor;

  constructor({ observationSpace: space, extra = 0, ...options }: NetworkOptions) {
    super();
    const { rng } = options;
    let inputs = space.size;
    this.#encode = (rows) => rows;
    if (space instanceof Box && space.shape.length === 3) {
      const [height, width, channels] = space.shape as [number, number, number];
      if (height < 3 || width < 3) throw new OptionError(`Network: expected pictures of at least 3 × 3, got ${height} × ${width}.`);
      this.picture = new Conv2d({
        inputs: channels,
        outputs: 16,
        kernelSize: 3,
        activation: "relu",
        ...(options.start !== "uniform" && orthogonalStart(Math.SQRT2)),
        rng: rng.fork("picture"),
      });
      inputs = (height - 2) * (width - 2) * 16;
      this.#encode = (rows) => flatten(this.picture!.forward(reshape(rows, [-1, height, width, channels])));
    } else if (space instanceof Discrete) {
      inputs = space.choices;
      this.#encode = (rows) => oneHot(reshape(cast(rows, "int32"), [-1]), inputs);
    } else if (space instanceof MultiDiscrete) {
      inputs = space.choices.reduce((sum, n) => sum + n, 0);
      this.#encode = (rows) => {
        const parts = space.choices.map((n, i) => oneHot(reshape(cast(rows.slice([0, i], [rows.shape[0]!, 1]), "int32"), [-1]), n));
        return concat(parts, { axis: 1 });
      };
    } else if (space instanceof Dict) {
      throw new OptionError(
        `Network: expected observations that are one row of numbers, got ${space}. Wrap the environment in flattenObservation.`,
      );
    }
    this.mlp = new Mlp({ ...options, inputs: inputs + extra, rng });
  }

  forward(observations: Tensor, extra?: Tensor): Tensor {
    return this.mlp.head(this.features(observations, extra));
  }

  /** Outputs of the last hidden layer. */
  features(observations: Tensor, extra?: Tensor): Tensor {
    const encoded = this.#encode(observations);
    return this.mlp.features(extra ? concat([encoded, extra], { axis: 1 }) : encoded);
  }

  /** The last layer. */
  head(features: Tensor): Tensor {
    return this.mlp.head(features);
  }
}
