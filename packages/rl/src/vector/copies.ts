/** Several environments of any kind, stepped one after the other as one vector environment. */

import { OptionError, type Rng } from "@dl/core";
import { show } from "../check-environment.ts";
import type { Environment, Step } from "../environment.ts";
import { EnvironmentError } from "../errors.ts";
import { Discrete } from "../spaces/discrete.ts";
import { type Space, sameSpace } from "../spaces/space.ts";
import { Book } from "./book.ts";
import type { VectorEnvironment, VectorStep } from "./vector-environment.ts";

export interface EnvironmentCopiesOptions {
  /** Number of the first copy, for a part of a larger whole. Default 0. */
  first?: number;
}

/**
 * Copies made by hand: wrapped ones, physics, your own.
 *
 * @throws OptionError when their spaces differ, and for masks that nobody would look at.
 * @example
 * const worlds = environmentCopies(Array.from({ length: 4 }, () => timeLimit(environmentOf(cliffWalking()), { steps: 100 })));
 */
export function environmentCopies(environments: readonly Environment[], { first = 0 }: EnvironmentCopiesOptions = {}): EnvironmentCopies {
  return new EnvironmentCopies(environments, { first });
}

/** See `environmentCopies`. */
export class EnvironmentCopies implements VectorEnvironment {
  readonly environments: readonly Environment[];
  readonly name: string;
  readonly count: number;
  readonly observationSpace: Space<unknown>;
  readonly actionSpace: Space<unknown>;
  readonly #first: number;
  readonly #book: Book;
  #rngs: Rng[] = [];

  constructor(environments: readonly Environment[], { first = 0 }: EnvironmentCopiesOptions = {}) {
    if (!Array.isArray(environments) || environments.some(({ reset }) => typeof reset !== "function")) {
      throw new OptionError("environmentCopies: expected a list of environments, got something else. Of a system, make systemCopies.");
    }
    const [one, ...others] = environments as readonly Environment[];
    if (one === undefined) throw new OptionError("environmentCopies: expected at least one environment, got none.");
    for (const other of others) {
      if (other === one || !sameSpace(other.observationSpace, one.observationSpace) || !sameSpace(other.actionSpace, one.actionSpace)) {
        throw new OptionError(
          `environmentCopies: expected separate environments with the spaces of ${one.name} (${one.observationSpace}, ${one.actionSpace}), got ${other === one ? "one twice" : `${other.name} (${other.observationSpace}, ${other.actionSpace})`}.`,
        );
      }
    }
    const masked = environments.filter(({ actionMask }) => actionMask).length;
    if (masked > 0 && (masked < environments.length || !(one.actionSpace instanceof Discrete))) {
      throw new OptionError(
        `environmentCopies: expected action masks from every copy or from none, and of one discrete action, got ${masked} of ${environments.length} with ${one.actionSpace}.`,
      );
    }
    this.environments = environments;
    this.name = one.name;
    this.count = environments.length;
    this.observationSpace = one.observationSpace;
    this.actionSpace = one.actionSpace;
    this.#first = first;
    this.#book = new Book(this.count, this.observationSpace);
  }

  reset(rng: Rng): Float32Array {
    this.#rngs = this.environments.map((_, i) => rng.fork(`environment ${this.#first + i}`));
    this.#book.returns.fill(0);
    this.#book.lengths.fill(0);
    for (let i = 0; i < this.count; i++) this.#start(i);
    return this.#book.observations;
  }

  step(actions: Float32Array): VectorStep {
    const book = this.#book;
    if (this.#rngs.length === 0) throw new EnvironmentError(`${this.name}: step: expected reset before the first step, got none.`);
    if (actions.length !== this.count * this.actionSpace.size) {
      throw new EnvironmentError(
        `${this.name}: step: expected ${this.count} rows of ${this.actionSpace.size} actions, got ${actions.length} numbers.`,
      );
    }
    book.open();
    for (const [i, environment] of this.environments.entries()) {
      const action = this.actionSpace.read(actions, i * this.actionSpace.size);
      const step = this.#guard(i, "step", () => {
        if (!this.actionSpace.contains(action)) {
          throw new EnvironmentError(
            `expected an action in ${this.actionSpace}, got ${String(action)}. Wrap the environment in clipAction, or look at the agent.`,
          );
        }
        return environment.step(action);
      });
      const { observation, reward, terminated, truncated } = (step ?? {}) as Partial<Step<unknown>>;
      if (typeof terminated !== "boolean" || typeof truncated !== "boolean") {
        throw new EnvironmentError(
          `${this.name}: step: expected { observation, reward, terminated, truncated, info }, the flags true or false, got ${show(step)} in copy ${i}.`,
        );
      }
      this.#write(i, { where: "step", observation, row: book.nextObservations });
      book.rewards[i] = reward!;
      book.terminated[i] = terminated ? 1 : 0;
      book.truncated[i] = truncated ? 1 : 0;
    }
    book.nextMasks = this.#masks({ ended: book.terminated });
    book.observations.set(book.nextObservations);
    book.check(`${this.name}: step`);
    for (let i = 0; i < this.count; i++) if (book.close(i)) this.#start(i);
    return book;
  }

  get actionMasks(): (() => Uint8Array) | undefined {
    return this.#masked ? () => this.#masks()! : undefined;
  }

  get #masked(): boolean {
    return this.actionSpace instanceof Discrete && this.environments.every(({ actionMask }) => actionMask);
  }

  /** Rows of copies that `ended` are left empty: nobody acts there. */
  #masks({ ended }: { ended?: Uint8Array } = {}): Uint8Array | undefined {
    if (!this.#masked) return undefined;
    const { choices } = this.actionSpace as Discrete;
    const masks = new Uint8Array(this.count * choices);
    for (const [i, environment] of this.environments.entries()) {
      if (ended?.[i] === 1) continue;
      const mask: ArrayLike<number> | undefined = environment.actionMask!();
      let open = 0;
      if (mask?.length === choices)
        for (let action = 0; action < choices; action++) open += masks[i * choices + action] = mask[action] ? 1 : 0;
      // With every action barred a policy would take any of them, and another length would bar those of the next copy.
      if (open === 0) {
        throw new EnvironmentError(
          `${this.name}: actionMask: expected ${choices} numbers, 1 for an action that makes sense, and at least one such, got ${show(mask)} in copy ${i}.`,
        );
      }
    }
    return masks;
  }

  close(): void {
    for (const environment of this.environments) environment.close?.();
  }

  #start(i: number): void {
    const { observation } = this.#guard(i, "reset", () => this.environments[i]!.reset(this.#rngs[i]!));
    this.#write(i, { where: "reset", observation, row: this.#book.observations });
    this.#book.checkStart(this.name, i);
  }

  #write(i: number, { where, observation, row }: { where: string; observation: unknown; row: Float32Array }): void {
    if (!fits(this.observationSpace, observation)) {
      throw new EnvironmentError(
        `${this.name}: ${where}: expected an observation in ${this.observationSpace}, got ${show(observation)} in copy ${i}. checkEnvironment tells more.`,
      );
    }
    this.observationSpace.write(observation, row, i * this.observationSpace.size);
  }

  /** What an environment throws, under its name. */
  #guard<T>(i: number, where: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EnvironmentError(`${this.name}: ${where} of copy ${i}: ${reason}`, { cause: error });
    }
  }
}

/** Whether the observation has the space's form; bounds are the checker's to judge, and NaN is caught after. */
function fits(space: Space<unknown>, observation: unknown): boolean {
  if (observation instanceof Float32Array) return observation.length === space.size;
  return space.contains(observation);
}
