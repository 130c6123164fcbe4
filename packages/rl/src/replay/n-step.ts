/** Sums n steps into one transition, copy by copy. Sutton 1988; in deep Q-learning: Hessel et al. 2018, arXiv:1710.02298. */

import type { VectorStep } from "../vector/vector-environment.ts";
import type { Transition } from "./replay-buffer.ts";

interface Pending {
  readonly observation: Float32Array;
  readonly action: Float32Array;
  readonly mask: Uint8Array | undefined;
  reward: number;
  discount: number;
  steps: number;
}

interface SavedStep {
  readonly observation: number[];
  readonly action: number[];
  readonly mask?: number[];
  readonly reward: number;
  readonly discount: number;
  readonly steps: number;
}

/** Takes every step of N copies, and hands on transitions of n steps, of fewer at the end of an episode. */
export class NStep {
  readonly #steps: number;
  readonly #discount: number;
  readonly #pending: Pending[][];
  readonly #hand: (transition: Transition) => void;

  constructor({
    steps,
    discount,
    copies,
    hand,
  }: { steps: number; discount: number; copies: number; hand: (transition: Transition) => void }) {
    this.#steps = steps;
    this.#discount = discount;
    this.#pending = Array.from({ length: copies }, () => []);
    this.#hand = hand;
  }

  /** @param acted  What was observed before the step, `[N, O]`, what was done, `[N, A]`, and what made sense, `[N, choices]`. */
  add(
    acted: { observations: Float32Array; actions: Float32Array; masks?: Uint8Array | undefined },
    { nextObservations, rewards, terminated, truncated, nextMasks }: VectorStep,
  ): void {
    const copies = this.#pending.length;
    const width = acted.observations.length / copies;
    const actionWidth = acted.actions.length / copies;
    const choices = (nextMasks?.length ?? 0) / copies;
    for (let n = 0; n < copies; n++) {
      const queue = this.#pending[n]!;
      queue.push({
        observation: acted.observations.slice(n * width, (n + 1) * width),
        action: acted.actions.slice(n * actionWidth, (n + 1) * actionWidth),
        mask: acted.masks?.slice(n * choices, (n + 1) * choices),
        reward: 0,
        discount: 1,
        steps: 0,
      });
      for (const item of queue) {
        item.reward += item.discount * rewards[n]!;
        item.discount *= this.#discount;
        item.steps++;
      }
      const over = terminated[n] === 1 || truncated[n] === 1;
      while (queue.length > 0 && (over || queue[0]!.steps === this.#steps)) {
        const { observation, action, mask, reward, discount } = queue.shift()!;
        const nextObservation = nextObservations.subarray(n * width, (n + 1) * width);
        const nextMask = nextMasks?.subarray(n * choices, (n + 1) * choices);
        this.#hand({ observation, action, reward, nextObservation, discount: terminated[n] === 1 ? 0 : discount, mask, nextMask });
      }
    }
  }

  /** Forgets steps that were begun: what follows is of other episodes. */
  clear(): void {
    for (const queue of this.#pending) queue.length = 0;
  }

  /** Steps that were begun and are not handed on yet; plain JSON. */
  save(): readonly (readonly SavedStep[])[] {
    return this.#pending.map((queue) =>
      queue.map(({ observation, action, mask, ...sums }) => ({
        ...sums,
        observation: [...observation],
        action: [...action],
        ...(mask && { mask: [...mask] }),
      })),
    );
  }

  /** Of another number of copies, what those of the same number had begun. */
  restore(saved: ReturnType<NStep["save"]>): void {
    for (const n of this.#pending.keys()) {
      this.#pending[n] = (saved[n] ?? []).map((item) => ({
        ...item,
        observation: Float32Array.from(item.observation),
        action: Float32Array.from(item.action),
        mask: item.mask && Uint8Array.from(item.mask),
      }));
    }
  }
}
