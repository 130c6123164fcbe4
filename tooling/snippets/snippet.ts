/** A piece of TypeScript that a reader may copy: a block of a README, or an `@example` beside the code. */

export interface Snippet {
  /** File from the root of the repository. */
  readonly file: string;
  /** Line of the first line of code, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** False where it is marked `no-run`: it is type-checked only, because it needs a browser, a GPU or a download. */
  readonly runs: boolean;
}
