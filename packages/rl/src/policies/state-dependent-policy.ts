/** Exploration that is a function of the state, so that it is smooth. Raffin et al. 2022, "Smooth exploration for robotic reinforcement learning" (gSDE), arXiv:2005.05719. */

import { add, exp, type HostTensor, hostTensor, log, matmul, mul, square, stopGradient, type Tensor } from "@dl/core";
import { Parameter } from "@dl/nn";
import type { Distribution } from "../distributions/distribution.ts";
import { DiagonalGaussian } from "../distributions/gaussian.ts";
import { Network } from "../networks/network.ts";
import type { Box } from "../spaces/box.ts";
import { clipRows, type GaussianPolicyOptions, perturb, requireBox } from "./gaussian-policy.ts";
import { type Choice, type ChooseOptions, type HostOutputs, type Outputs, Policy } from "./policy.ts";

export interface StateDependentPolicyOptions extends Omit<GaussianPolicyOptions, "bounds"> {
  /** Steps for which the noise stays the same function of the state. Default 64. */
  noiseSteps?: number;
}

/** The noise is ε·features with one matrix ε a copy; seen as a distribution it is normal with variance (features²)·(σ²). */
export class StateDependentPolicy extends Policy {
  readonly actionSpace: Box;
  readonly network: Network;
  /** `[F, A]`: of the matrix's elements. */
  readonly logStd: Parameter;
  readonly #noiseSteps: number;
  #matrices = new Float64Array(0);
  #age = 0;

  constructor({
    observationSpace,
    actionSpace,
    hidden,
    activation = "tanh",
    logStdStart = -2,
    noiseSteps = 64,
    rng,
  }: StateDependentPolicyOptions) {
    super();
    this.actionSpace = requireBox("StateDependentPolicy", actionSpace, { bounded: false });
    const { size } = this.actionSpace;
    const features = hidden.at(-1) ?? observationSpace.size;
    this.network = new Network({ observationSpace, hidden, outputs: size, activation, outputGain: 0.01, rng });
    this.logStd = new Parameter(hostTensor(new Float32Array(features * size).fill(logStdStart), [features, size]));
    this.#noiseSteps = noiseSteps;
  }

  /** `mean [B, A]`, `features [B, F]`, `logStd [F, A]` */
  forward(observations: Tensor): { mean: Tensor; features: Tensor; logStd: Tensor } {
    const features = this.network.features(observations);
    return { mean: this.network.head(features), features, logStd: this.logStd.value };
  }

  distribution({ mean, features, logStd }: Outputs): Distribution {
    // The features learn from the mean alone.
    const variance = matmul(square(stopGradient(features!)), exp(mul(logStd!, 2))); // [B, A]
    return new DiagonalGaussian(mean!, mul(log(add(variance, 1e-6)), 0.5));
  }

  choose({ mean, features, logStd }: HostOutputs, { rng, deterministic = false }: ChooseOptions): Choice {
    const rows = mean!.shape[0]!;
    const width = features!.shape[1]!;
    const { size } = this.actionSpace;
    const std = new Float64Array(rows * size);
    const noise = new Float64Array(rows * size);
    const cells = width * size;
    if (!deterministic) this.#renew(rng, { rows, logStd: logStd!.data });
    for (let row = 0; row < rows; row++) {
      for (let a = 0; a < size; a++) {
        let variance = 1e-6;
        let shift = 0;
        for (let f = 0; f < width; f++) {
          const feature = features!.data[row * width + f]!;
          variance += feature ** 2 * Math.exp(2 * logStd!.data[f * size + a]!);
          if (!deterministic) shift += feature * this.#matrices[row * cells + f * size + a]!;
        }
        std[row * size + a] = Math.sqrt(variance);
        noise[row * size + a] = shift / Math.sqrt(variance);
      }
    }
    return perturb(mean!.data, { rows, deviation: (i) => std[i]!, noise });
  }

  upload(actions: Float32Array): HostTensor {
    return hostTensor(actions, [actions.length / this.actionSpace.size, this.actionSpace.size]);
  }

  toEnvironment(actions: Float32Array): Float32Array {
    return clipRows(this.actionSpace, actions);
  }

  fromEnvironment(actions: Float32Array): Float32Array {
    return actions;
  }

  override saveNoise(): ReadonlyMap<string, HostTensor> {
    const { length } = this.#matrices;
    if (length === 0) return new Map();
    return new Map<string, HostTensor>([
      ["noise", { shape: [length], dtype: "float64", data: this.#matrices.slice() }],
      ["noiseAge", { shape: [1], dtype: "float64", data: Float64Array.of(this.#age) }],
    ]);
  }

  override restoreNoise(saved: ReadonlyMap<string, HostTensor>): void {
    this.#matrices = Float64Array.from(saved.get("noise")?.data ?? []);
    this.#age = saved.get("noiseAge")?.data[0] ?? 0;
  }

  /** Draws the matrices anew every so many steps. */
  #renew(rng: ChooseOptions["rng"], { rows, logStd }: { rows: number; logStd: ArrayLike<number> }): void {
    const length = rows * logStd.length;
    if (this.#matrices.length === length && ++this.#age < this.#noiseSteps) return;
    this.#age = 0;
    this.#matrices = Float64Array.from(rng.normal([length]).data, (z, i) => z * Math.exp(logStd[i % logStd.length]!));
  }
}
