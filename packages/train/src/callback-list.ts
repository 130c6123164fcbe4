/** The callbacks of a run as one: called in their order, started and ended whatever fails, saved by name. */

import { type HostTensor, OptionError } from "@dl/core";
import type { Callback, EpochRecord, Moment, Run, StepRecord } from "./callback.ts";

export class CallbackList {
  readonly #callbacks: readonly Callback[];

  constructor(callbacks: readonly Callback[]) {
    const names = callbacks.map(({ name }) => name);
    if (new Set(names).size < names.length) throw new OptionError(`fit: expected callbacks of different names, got ${names.join(", ")}.`);
    this.#callbacks = callbacks;
  }

  /**
   * Runs `work` between every `onStart` and every `onEnd`. What was started is ended, also when a later `onStart`, the work
   * or another `onEnd` failed; the first error is thrown when all are done.
   */
  async around(run: Run, work: () => Promise<string>): Promise<string> {
    const started: Callback[] = [];
    const errors: unknown[] = [];
    let reason = "failed";
    try {
      for (const callback of this.#callbacks) {
        await callback.onStart?.(run);
        started.push(callback);
      }
      reason = await work();
    } catch (error) {
      errors.push(error);
    }
    for (const callback of started) {
      try {
        await callback.onEnd?.(run, { reason });
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
    return reason;
  }

  async step(run: Run, record: StepRecord): Promise<void> {
    for (const callback of this.#callbacks) await callback.onStep?.(run, record);
  }

  async epoch(run: Run, record: EpochRecord): Promise<void> {
    for (const callback of this.#callbacks) await callback.onEpoch?.(run, record);
  }

  async pause(run: Run, moment: Moment): Promise<void> {
    for (const callback of this.#callbacks) await callback.onPause?.(run, moment);
  }

  /** What each keeps, by name. */
  state(): Record<string, unknown> {
    return Object.fromEntries(this.#callbacks.flatMap((callback) => (callback.state ? [[callback.name, callback.state()]] : [])));
  }

  /** As `<callback>/<name>`. */
  tensors(): [string, HostTensor][] {
    return this.#callbacks.flatMap((callback) =>
      [...(callback.tensors?.() ?? [])].map(([name, tensor]): [string, HostTensor] => [`${callback.name}/${name}`, tensor]),
    );
  }

  /** Gives each what it kept. A callback the saved run did not have starts afresh. */
  restore(states: Readonly<Record<string, unknown>>, tensors: ReadonlyMap<string, HostTensor>): void {
    for (const callback of this.#callbacks) {
      if (callback.name in states) callback.restore?.(states[callback.name]);
      const own = tensorsUnder(tensors, callback.name);
      if (own.size > 0) callback.restoreTensors?.(own);
    }
  }
}

/** Those called `<prefix>/…`, without the prefix. */
export function tensorsUnder(tensors: ReadonlyMap<string, HostTensor>, prefix: string): Map<string, HostTensor> {
  const start = `${prefix}/`;
  return new Map([...tensors].filter(([name]) => name.startsWith(start)).map(([name, tensor]) => [name.slice(start.length), tensor]));
}
