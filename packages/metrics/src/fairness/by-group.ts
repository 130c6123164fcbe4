/** Any metric, group by group. */

import { DataError, OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import { type Groups, rowsOfGroups, takeRows } from "./group-rows.ts";

export interface ByGroupOptions<Inputs extends object, Result, State> {
  /** Makes the metric of one group. */
  readonly metric: () => Metric<Inputs, Result, State>;
  /** What stands for the result of a group that has none, as an area under a curve of one class: `NaN`, for instance. Default: an error, which names the group. */
  readonly whenUndefined?: Result;
}

export interface GroupResult<Result> {
  readonly group: string;
  /** How many examples it has. */
  readonly count: number;
  readonly result: Result;
}

export interface ByGroupState<State> {
  readonly groups: readonly { readonly group: string; readonly count: number; readonly state: State }[];
}

/**
 * One metric a group, made when the group first comes; the result is a table.
 *
 * @example
 * const accuracy = new ByGroup({ metric: () => new Accuracy() });
 * accuracy.update({ labels: [1, 0, 1], predictions: [1, 1, 1], groups: ["a", "a", "b"] });
 * accuracy.result().map(({ group, result }) => `${group} ${result}`); // "a 0.5", "b 1"
 */
export class ByGroup<Inputs extends object, Result, State>
  implements Metric<Inputs & { readonly groups: Groups }, readonly GroupResult<Result>[], ByGroupState<State>>
{
  readonly #make: () => Metric<Inputs, Result, State>;
  readonly #whenUndefined: Result | undefined;
  #groups = new Map<string, { metric: Metric<Inputs, Result, State>; count: number }>();

  constructor({ metric, whenUndefined }: ByGroupOptions<Inputs, Result, State>) {
    if (typeof metric !== "function") throw new OptionError(`ByGroup: expected a function that makes a metric, got ${typeof metric}.`);
    this.#make = metric;
    this.#whenUndefined = whenUndefined;
  }

  update({ groups, ...inputs }: Inputs & { readonly groups: Groups }): void {
    const rowsByName = rowsOfGroups("ByGroup.update", groups);
    const count = "shape" in groups ? groups.data.length : groups.length;
    const parts = [...rowsByName].map(([name, rows]) => ({
      name,
      count: rows.length,
      // Everything but `groups` is what the metric asked for.
      inputs: takeRows("ByGroup.update", inputs as unknown as Inputs, { rows, count }),
    }));
    // A trial on metrics of their own, so that a batch refused for one group has added nothing to another.
    for (const part of parts) this.#make().update(part.inputs);
    for (const part of parts) {
      const entry = this.#entry(part.name);
      entry.metric.update(part.inputs);
      entry.count += part.count;
    }
  }

  result(): GroupResult<Result>[] {
    if (this.#groups.size === 0) throw nothingAdded("ByGroup.result");
    return [...this.#groups].map(([group, { metric, count }]) => ({ group, count, result: this.#resultOf(group, metric) }));
  }

  #resultOf(group: string, metric: Metric<Inputs, Result, State>): Result {
    try {
      return metric.result();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      if (this.#whenUndefined !== undefined) return this.#whenUndefined;
      const message = `group ${JSON.stringify(group)} has none: ${error.message} Or say what stands for it: whenUndefined.`;
      throw new DataError(`ByGroup.result: ${message}`, { cause: error });
    }
  }

  reset(): void {
    this.#groups.clear();
  }

  merge(other: this): void {
    for (const [name, { metric, count }] of [...other.#groups]) {
      const entry = this.#entry(name);
      entry.metric.merge(metric as never);
      entry.count += count;
    }
  }

  state(): ByGroupState<State> {
    return { groups: [...this.#groups].map(([group, { metric, count }]) => ({ group, count, state: metric.state() })) };
  }

  restore({ groups }: ByGroupState<State>): void {
    this.#groups = new Map(
      groups.map(({ group, count, state }) => {
        const metric = this.#make();
        metric.restore(state);
        return [group, { metric, count }];
      }),
    );
  }

  #entry(name: string): { metric: Metric<Inputs, Result, State>; count: number } {
    const entry = this.#groups.get(name) ?? { metric: this.#make(), count: 0 };
    this.#groups.set(name, entry);
    return entry;
  }
}
