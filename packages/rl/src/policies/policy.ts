/** A policy: a network's outputs on the device, actions chosen from them on the host. */

import type { HostTensor, Rng, Tensor } from "@dl/core";
import { Module } from "@dl/nn";
import type { Distribution } from "../distributions/distribution.ts";
import type { Space } from "../spaces/space.ts";

/** What the network says about a batch of observations, and the same once it has left the device. */
export type Outputs = Readonly<Record<string, Tensor>>;
export type HostOutputs = Readonly<Record<string, HostTensor>>;

/** Actions of N copies as rows, as the policy means them: `toEnvironment` brings them into the action space. */
export interface Choice {
  /** `[N, A]` */
  readonly actions: Float32Array;
  /** `[N]` */
  readonly logProbs: Float64Array;
}

export interface ChooseOptions {
  rng: Rng;
  /** The likeliest action instead of a drawn one. Default false. */
  deterministic?: boolean;
  /** `[N, choices]`, 1 for allowed. Default all. */
  masks?: Uint8Array | undefined;
}

/** Sampling is done on the host: it costs microseconds there, and a device would need a kernel for each of its steps. */
export abstract class Policy extends Module {
  abstract readonly actionSpace: Space<unknown>;

  abstract override forward(observations: Tensor): Outputs;

  /** The distribution over actions; `masks` as floats `[B, choices]`. */
  abstract distribution(outputs: Outputs, masks?: Tensor): Distribution;

  abstract choose(outputs: HostOutputs, options: ChooseOptions): Choice;

  /** Rows of actions as `distribution` takes them. */
  abstract upload(actions: Float32Array): HostTensor;

  /** Rows that the environment takes. */
  abstract toEnvironment(actions: Float32Array): Float32Array;

  /** What `toEnvironment` makes the environment's rows of: what an expert's actions are learned as. */
  abstract fromEnvironment(actions: Float32Array): Float32Array;

  /** Noise that outlives a step, for checkpoints. Default none. */
  saveNoise(): ReadonlyMap<string, HostTensor> {
    return new Map();
  }

  restoreNoise(_saved: ReadonlyMap<string, HostTensor>): void {}
}
