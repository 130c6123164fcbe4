/** An adapter for each task on one model that stays as it is: nothing is forgotten, and what is learned is small. Houlsby et al. 2019, arXiv:1902.00751, section 1. */

import { OptionError } from "@dl/core";
import type { Parameter } from "@dl/nn";
import type { Adapter } from "../tuning/adapter.ts";

/** An adapter that can be put back: its weights, by name, in the order of `trained()`. */
interface Kept {
  readonly values: Awaited<ReturnType<Parameter["read"]>>[];
}

/**
 * One adapter, and a set of weights for it a task. Trained for a task, kept under its name, and loaded again when the task comes back.
 *
 * @example no-run
 * const adapters = new TaskAdapters(new Lora(model, { targets: ["query", "value"], rank: 4, alpha: 8, rng }));
 * await adapters.begin("reviews"); // then train adapters.trained()
 * await adapters.begin("tweets"); // weights of the start again
 * await adapters.use("reviews"); // as they were when "tweets" began
 */
export class TaskAdapters {
  readonly #adapter: Adapter;
  readonly #kept = new Map<string, Kept>();
  #start: Kept | undefined;
  #current: string | undefined;

  constructor(adapter: Adapter) {
    this.#adapter = adapter;
  }

  /** Names of the tasks, in the order they were begun. */
  get tasks(): readonly string[] {
    return [...this.#kept.keys()];
  }

  /** The task whose weights stand. */
  get current(): string | undefined {
    return this.#current;
  }

  trained(): Parameter[] {
    return this.#adapter.trained();
  }

  /** A new task, from the weights the adapter was made with. @throws OptionError for a name that is taken. */
  async begin(task: string): Promise<void> {
    if (this.#kept.has(task))
      throw new OptionError(`TaskAdapters.begin: expected a new task, got ${JSON.stringify(task)} again. Call use.`);
    this.#start ??= await this.#read();
    await this.#keep();
    this.#load(this.#start);
    this.#kept.set(task, this.#start);
    this.#current = task;
  }

  /** A task from before, as it was left. @throws OptionError for one that was never begun. */
  async use(task: string): Promise<void> {
    if (!this.#kept.has(task))
      throw new OptionError(`TaskAdapters.use: expected one of ${this.tasks.join(", ") || "no tasks"}, got ${JSON.stringify(task)}.`);
    await this.#keep();
    this.#load(this.#kept.get(task)!);
    this.#current = task;
  }

  async #keep(): Promise<void> {
    if (this.#current !== undefined) this.#kept.set(this.#current, await this.#read());
  }

  async #read(): Promise<Kept> {
    return { values: await Promise.all(this.trained().map((parameter) => parameter.read())) };
  }

  #load({ values }: Kept): void {
    for (const [i, parameter] of this.trained().entries()) parameter.load(values[i]!);
  }
}
