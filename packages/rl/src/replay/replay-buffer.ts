/** Past steps to learn from again. Lin 1992; Mnih et al. 2015. */

import { CheckpointError, type HostTensor, hostTensor, OptionError, type Rng } from "@dl/core";

export interface ReplayBufferOptions {
  /** Steps that are kept; the oldest goes first. */
  capacity: number;
  /** Numbers in an observation. */
  observationSize: number;
  /** Numbers in an action. */
  actionSize: number;
  /** Of one discrete action: keeps which of so many choices made sense, too. Default: all of them do. */
  choices?: number | undefined;
}

/** One step, or n of them summed up. */
export interface Transition {
  readonly observation: ArrayLike<number>;
  readonly action: ArrayLike<number>;
  /** Of one step; of n, discounted and summed. */
  readonly reward: number;
  readonly nextObservation: ArrayLike<number>;
  /** What the value of the next observation is worth now: γⁿ, and 0 when the task terminated. Truncated steps keep γⁿ. */
  readonly discount: number;
  /** `[choices]`, 1 for what made sense at the observation, and at the next one; for a buffer that keeps them. Default all. */
  readonly mask?: ArrayLike<number> | undefined;
  readonly nextMask?: ArrayLike<number> | undefined;
}

/** B transitions, as host tensors ready for the device. */
export interface ReplayBatch {
  /** `[B, O]` */
  readonly observations: HostTensor;
  /** `[B, A]` */
  readonly actions: HostTensor;
  /** `[B]` */
  readonly rewards: HostTensor;
  /** `[B, O]` */
  readonly nextObservations: HostTensor;
  /** `[B]` */
  readonly discounts: HostTensor;
  /** Where they stand in the buffer. */
  readonly places: Int32Array;
  /** `[B]`: how much each counts; 1 unless priorities made some likelier than others. */
  readonly weights: HostTensor;
  /** `[B, choices]`, of observations and of next observations; undefined in a buffer that keeps none. */
  readonly masks?: HostTensor | undefined;
  readonly nextMasks?: HostTensor | undefined;
}

type Field = "observations" | "actions" | "rewards" | "nextObservations" | "discounts" | "masks" | "nextMasks";

/** Uniform draws, with repeats. */
export class ReplayBuffer {
  readonly capacity: number;
  readonly #arrays: Readonly<Record<Field, Float32Array>>;
  readonly #sizes: { readonly observation: number; readonly action: number; readonly choices: number };
  #added = 0;

  constructor({ capacity, observationSize, actionSize, choices = 0 }: ReplayBufferOptions) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new OptionError(`ReplayBuffer: expected a whole capacity ≥ 1, got ${capacity}.`);
    this.capacity = capacity;
    this.#sizes = { observation: observationSize, action: actionSize, choices };
    this.#arrays = {
      observations: new Float32Array(capacity * observationSize),
      actions: new Float32Array(capacity * actionSize),
      rewards: new Float32Array(capacity),
      nextObservations: new Float32Array(capacity * observationSize),
      discounts: new Float32Array(capacity),
      masks: new Float32Array(capacity * choices),
      nextMasks: new Float32Array(capacity * choices),
    };
  }

  /** Transitions in the buffer. */
  get length(): number {
    return Math.min(this.#added, this.capacity);
  }

  /** Keeps a transition, and gives its place. */
  add({ observation, action, reward, nextObservation, discount, mask, nextMask }: Transition): number {
    const { observations, actions, rewards, nextObservations, discounts, masks, nextMasks } = this.#arrays;
    const { choices } = this.#sizes;
    const place = this.#added++ % this.capacity;
    observations.set(observation, place * this.#sizes.observation);
    actions.set(action, place * this.#sizes.action);
    rewards[place] = reward;
    nextObservations.set(nextObservation, place * this.#sizes.observation);
    discounts[place] = discount;
    if (choices > 0) {
      masks.fill(1, place * choices, (place + 1) * choices);
      nextMasks.fill(1, place * choices, (place + 1) * choices);
      if (mask) masks.set(mask, place * choices);
      if (nextMask) nextMasks.set(nextMask, place * choices);
    }
    return place;
  }

  /** @throws OptionError when the buffer is empty. */
  sample(rng: Rng, count: number): ReplayBatch {
    if (this.length === 0) throw new OptionError("ReplayBuffer.sample: expected at least one transition, got none.");
    const words = rng.words(count);
    // The largest share a remainder can favour a place by is length · 2⁻³²: less than one draw in thousands of runs.
    return this.at(Int32Array.from(words, (word) => (word >>> 0) % this.length));
  }

  /** The transitions at places of your choice. */
  at(places: Int32Array, weights: Float32Array = new Float32Array(places.length).fill(1)): ReplayBatch {
    const { observation, action, choices } = this.#sizes;
    const take = (name: Field, width: number): HostTensor => {
      const from = this.#arrays[name];
      const data = new Float32Array(places.length * width);
      for (let i = 0; i < places.length; i++) {
        const at = places[i]! * width;
        for (let j = 0; j < width; j++) data[i * width + j] = from[at + j]!;
      }
      return hostTensor(data, width === 1 && (name === "rewards" || name === "discounts") ? [places.length] : [places.length, width]);
    };
    return {
      observations: take("observations", observation),
      actions: take("actions", action),
      rewards: take("rewards", 1),
      nextObservations: take("nextObservations", observation),
      discounts: take("discounts", 1),
      places,
      weights: hostTensor(weights, [weights.length]),
      ...(choices > 0 && { masks: take("masks", choices), nextMasks: take("nextMasks", choices) }),
    };
  }

  /** For checkpoints: the filled part of every array, and how many were ever added. */
  save(): Map<string, HostTensor> {
    const tensors = new Map<string, HostTensor>([["added", { shape: [1], dtype: "float64", data: Float64Array.of(this.#added) }]]);
    for (const [name, array] of this.#kept()) {
      const data = array.slice(0, (array.length / this.capacity) * this.length);
      tensors.set(name, hostTensor(data, [data.length]));
    }
    return tensors;
  }

  /**
   * Into a buffer of more places a full one goes with its oldest transition first.
   *
   * @returns The place in the file that stands first now.
   * @throws CheckpointError when the tensors are of another buffer, or of one with more in it than there is place for.
   */
  restore(tensors: ReadonlyMap<string, HostTensor>): number {
    const added = tensors.get("added")?.data[0] ?? Number.NaN;
    const length = Math.min(added, tensors.get("rewards")?.data.length ?? Number.NaN, this.capacity);
    for (const [name, array] of this.#kept()) {
      const expected = (array.length / this.capacity) * length;
      const found = tensors.get(name)?.data.length;
      if (found !== expected)
        throw new CheckpointError(`ReplayBuffer.restore: expected ${expected} numbers of ${name}, got ${found ?? "none"}.`);
    }
    const first = added > length && length < this.capacity ? added % length : 0;
    for (const [name, array] of this.#kept()) {
      const data = tensors.get(name)!.data as Float32Array;
      const split = (array.length / this.capacity) * first;
      array.set(data.subarray(split));
      array.set(data.subarray(0, split), data.length - split);
    }
    this.#added = length < this.capacity ? length : added;
    return first;
  }

  /** Arrays with something in them: a buffer without masks has none to save. */
  #kept(): [string, Float32Array][] {
    return Object.entries(this.#arrays).filter(([, array]) => array.length > 0);
  }
}
