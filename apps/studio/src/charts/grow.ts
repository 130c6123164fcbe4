/** Points of a curve that keep their number small: beyond a limit, every second one goes. And how often they are drawn. */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** Milliseconds between two drawings: more often than an eye wants keeps a slow page from answering. */
const drawEvery = 160;

/** Most points a line keeps. */
const most = 2000;

export class GrowingLine {
  #x: number[] = [];
  #y: number[] = [];
  /** Only every so many points are kept. */
  #stride = 1;
  #count = 0;

  push(x: number, y: number): void {
    if (!Number.isFinite(y)) return;
    if (this.#count++ % this.#stride !== 0) return;
    this.#x.push(x);
    this.#y.push(y);
    if (this.#x.length <= most) return;
    this.#x = this.#x.filter((_, i) => i % 2 === 0);
    this.#y = this.#y.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  get x(): readonly number[] {
    return this.#x;
  }
  get y(): readonly number[] {
    return this.#y;
  }

  clear(): void {
    this.#x = [];
    this.#y = [];
    this.#stride = 1;
    this.#count = 0;
  }

  /** Plain data, for a run that is kept. */
  get points(): { readonly x: readonly number[]; readonly y: readonly number[] } {
    return { x: this.#x, y: this.#y };
  }

  set points({ x, y }: { readonly x: readonly number[]; readonly y: readonly number[] }) {
    this.clear();
    for (const [i, value] of x.entries()) this.push(value, y[i]!);
  }
}

/** Counts drawings: what reads `count` is drawn anew, soon after `ask` and not too often. */
export class Redraw {
  readonly #count: Signal<number> = signal(0);
  #timer: ReturnType<typeof setTimeout> | undefined;

  get count(): ReadonlySignal<number> {
    return this.#count;
  }

  ask(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#count.value++;
    }, drawEvery);
  }
}

/** A line smoothed as it is read: the exponential mean of what came before, without its bias at the beginning. */
export function smoothed(y: readonly number[], keep = 0.94): number[] {
  let sum = 0;
  let weight = 0;
  return y.map((value) => {
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}
