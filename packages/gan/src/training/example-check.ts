/** Whether examples are anything a discriminator could learn from. */

import { DataError, type HostTensor } from "@dl/core";

/** As many in a row that are equal are no accident. */
const enough = 32;

/** Whole numbers from 0 to 255, some of them too large for an image in [0, 1]. */
function areBytes(data: HostTensor["data"]): boolean {
  let most = 0;
  for (const value of data) {
    if (!(Number.isInteger(value) && value >= 0 && value <= 255)) return false;
    most = Math.max(most, value);
  }
  return most > 1;
}

export interface ExampleCheckOptions {
  /** Who asks, for errors. */
  where: string;
  /** What they are, for errors. */
  field: string;
  /** Examples of a whole pass: where there are fewer than 32, those have to do. */
  examples: number;
}

/** Looks at the batches of a run, one after the other. */
export class ExampleCheck {
  readonly #options: ExampleCheckOptions;
  #first: HostTensor["data"] | undefined;
  /** Examples seen that equal the first; undefined once another was seen. */
  #alike: number | undefined = 0;

  constructor(options: ExampleCheckOptions) {
    this.#options = options;
  }

  /**
   * @throws DataError for examples that are no numbers, for images `[B, H, W, C]` of bytes, and when all from the first on are alike. One batch may be: of few examples, copies come together.
   */
  check({ data, shape }: HostTensor): void {
    const { where, field, examples } = this.#options;
    const size = data.length / shape[0]!;
    if (shape.length === 4 && areBytes(data)) {
      throw new DataError(
        `${where}: expected ${field} in the generator's range, [−1, 1] after tanh, got bytes. Make x / 127.5 − 1 of them, in the data or by the option transform.`,
      );
    }
    for (let i = 0; i < data.length; i++) {
      if (Number.isFinite(data[i])) continue;
      throw new DataError(
        `${where}: expected ${field} that are numbers, got ${data[i]} in example ${Math.floor(i / size)} of a batch. Clean the data; a transform may have divided by 0.`,
      );
    }
    if (this.#alike === undefined) return;
    this.#first ??= data.slice(0, size);
    for (let i = 0; i < data.length; i++) {
      if (data[i] === this.#first[i % size]) continue;
      this.#alike = undefined;
      return;
    }
    this.#alike += shape[0]!;
    if (this.#alike < Math.min(enough, examples)) return;
    throw new DataError(
      `${where}: expected ${field} that differ, got ${this.#alike} equal ones. A generator of one picture is a constant: check how the data is read.`,
    );
  }
}
