/** The threads of a worker: one pool for each search it works for, and those of searches that are over are ended. */

import type { Evaluate } from "@dl/nas";

/** Threads that run the trials of one search: `TrialWorkers`. */
export interface Pool {
  readonly evaluate: Evaluate<unknown>;
  close(): Promise<void>;
}

interface Kept {
  readonly pool: Promise<Pool>;
  /** Trials under way. */
  running: number;
}

/** More are kept only while trials run in them. Not one: two searches that take turns do not start threads for each trial. */
const mostKept = 2;

export class WorkerPools implements AsyncDisposable {
  readonly #open: (about: unknown) => Promise<Pool>;
  /** By what the search says of its trials; the one used last comes last. */
  readonly #kept = new Map<string, Kept>();

  constructor(open: (about: unknown) => Promise<Pool>) {
    this.#open = open;
  }

  /** What tries the candidates of one search; its threads start with its first trial. */
  evaluateOf(about: unknown): Evaluate<unknown> {
    const key = JSON.stringify(about);
    return async (task) => {
      const kept = this.#kept.get(key) ?? this.#begin(about);
      kept.running++;
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      try {
        await this.#endOldest();
        const { evaluate } = await kept.pool;
        return await evaluate(task);
      } finally {
        kept.running--;
      }
    };
  }

  #begin(about: unknown): Kept {
    const kept: Kept = { pool: this.#open(about), running: 0 };
    // What failed to open may open the next time.
    kept.pool.catch(() => {
      for (const [key, other] of this.#kept) if (other === kept) this.#kept.delete(key);
    });
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(all.map(close));
  }

  async #endOldest(): Promise<void> {
    const idle = [...this.#kept].filter(([, { running }]) => running === 0);
    const over = idle.slice(0, Math.max(0, this.#kept.size - mostKept));
    for (const [key] of over) this.#kept.delete(key);
    await Promise.all(over.map(([, kept]) => close(kept)));
  }
}

/** What never opened need not be closed. */
async function close({ pool }: Kept): Promise<void> {
  await pool.then(
    (opened) => opened.close(),
    () => {},
  );
}
