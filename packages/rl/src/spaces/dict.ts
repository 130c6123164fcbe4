/** Values under names. */

import { OptionError, type Rng } from "@dl/core";
import { Space } from "./space.ts";

type ValuesOf<Spaces extends Readonly<Record<string, Space<unknown>>>> = {
  readonly [K in keyof Spaces]: Spaces[K] extends Space<infer T> ? T : never;
};

/**
 * Plain objects with a value of each space under its name; a row holds them one after the other, in the order of the names.
 *
 * @example
 * new Dict({ speed: new Box({ shape: [1], low: 0, high: 1 }), gear: new Discrete(5) }).size; // 2
 */
export class Dict<Spaces extends Readonly<Record<string, Space<unknown>>>> extends Space<ValuesOf<Spaces>> {
  readonly spaces: Spaces;
  readonly size: number;
  readonly #entries: readonly (readonly [string, Space<unknown>])[];

  constructor(spaces: Spaces) {
    super();
    this.spaces = spaces;
    this.#entries = Object.entries(spaces);
    if (this.#entries.length === 0) throw new OptionError("Dict: expected at least one space, got none.");
    this.size = this.#entries.reduce((sum, [, space]) => sum + space.size, 0);
  }

  contains(value: unknown): value is ValuesOf<Spaces> {
    if (typeof value !== "object" || value === null) return false;
    const record = value as Record<string, unknown>;
    return Object.keys(record).length === this.#entries.length && this.#entries.every(([name, space]) => space.contains(record[name]));
  }

  sample(rng: Rng): ValuesOf<Spaces> {
    return Object.fromEntries(this.#entries.map(([name, space]) => [name, space.sample(rng)])) as ValuesOf<Spaces>;
  }

  write(value: ValuesOf<Spaces>, row: Float32Array, at: number): void {
    for (const [name, space] of this.#entries) {
      space.write(value[name], row, at);
      at += space.size;
    }
  }

  read(row: ArrayLike<number>, at: number): ValuesOf<Spaces> {
    const values: Record<string, unknown> = {};
    for (const [name, space] of this.#entries) {
      values[name] = space.read(row, at);
      at += space.size;
    }
    return values as ValuesOf<Spaces>;
  }

  toString(): string {
    return `Dict({ ${this.#entries.map(([name, space]) => `${name}: ${space}`).join(", ")} })`;
  }
}
