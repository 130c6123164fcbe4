/** The arrays a vector environment answers with, and the account of its episodes. */

import { EnvironmentError } from "../errors.ts";
import type { Space } from "../spaces/space.ts";
import type { Episode, VectorStep } from "./vector-environment.ts";

/** @internal One row a copy. */
export class Book implements VectorStep {
  readonly observations: Float32Array;
  readonly nextObservations: Float32Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  episodes: Episode[] = [];
  nextMasks: Uint8Array | undefined;
  /** Rewards and steps of the running episodes. */
  readonly returns: Float64Array;
  readonly lengths: Int32Array;

  constructor(count: number, observationSpace: Space<unknown>) {
    this.observations = new Float32Array(count * observationSpace.size);
    this.nextObservations = new Float32Array(count * observationSpace.size);
    this.rewards = new Float64Array(count);
    this.terminated = new Uint8Array(count);
    this.truncated = new Uint8Array(count);
    this.returns = new Float64Array(count);
    this.lengths = new Int32Array(count);
  }

  /** Counts the step that was written for a copy; true when its episode is over, and the copy must start again. */
  close(copy: number): boolean {
    this.returns[copy]! += this.rewards[copy]!;
    this.lengths[copy]!++;
    if (this.terminated[copy] === 0 && this.truncated[copy] === 0) return false;
    this.episodes.push({ copy, return: this.returns[copy]!, length: this.lengths[copy]! });
    this.returns[copy] = 0;
    this.lengths[copy] = 0;
    return true;
  }

  /** Forgets the episodes that ended before. */
  open(): void {
    if (this.episodes.length > 0) this.episodes = [];
  }

  /** @throws EnvironmentError when the observation that a copy starts from is not finite. */
  checkStart(name: string, copy: number): void {
    const size = this.observations.length / this.rewards.length;
    for (let i = 0; i < size; i++) {
      const value = this.observations[copy * size + i]!;
      if (!Number.isFinite(value)) throw notFinite(`${name}: reset`, { value, element: i, copy });
    }
  }

  /** @throws EnvironmentError when a reward or an observation of any copy is not a number. */
  check(where: string): void {
    let sum = 0;
    for (let i = 0; i < this.rewards.length; i++) sum += this.rewards[i]! * 0;
    for (let i = 0; i < this.nextObservations.length; i++) sum += this.nextObservations[i]! * 0;
    // Zero times anything finite is zero: one comparison clears every row.
    if (sum === 0) return;
    const size = this.nextObservations.length / this.rewards.length;
    const reward = this.rewards.findIndex((value) => !Number.isFinite(value));
    if (reward >= 0) throw new EnvironmentError(`${where}: expected a finite reward, got ${this.rewards[reward]} in copy ${reward}.`);
    const at = this.nextObservations.findIndex((value) => !Number.isFinite(value));
    throw notFinite(where, { value: this.nextObservations[at]!, element: at % size, copy: Math.floor(at / size) });
  }
}

function notFinite(where: string, { value, element, copy }: { value: number; element: number; copy: number }): EnvironmentError {
  return new EnvironmentError(
    `${where}: expected finite observations, got ${value} at element ${element} in copy ${copy}. Look at the environment, or at its bounds.`,
  );
}
