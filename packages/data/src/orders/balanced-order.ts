/** As many examples of every class: rare ones come more often. He and Garcia 2009, "Learning from imbalanced data", section 3.1.1. */

import { DataError } from "@dl/core";
import { groupByClass } from "../datasets/group-by-class.ts";
import type { Order } from "./order.ts";
import { checkDraws } from "./weighted-order.ts";

export interface BalancedOrderOptions {
  /** Examples in a pass. Default: as many as the dataset has. */
  draws?: number | undefined;
}

/**
 * Every class equally often, to within one; within a class, no example comes again before all others came as often.
 *
 * @param labels The class of every example: `labelsOf(dataset)`.
 * @example no-run
 * batches(train, { batchSize: 64, shuffle: rng.fork("epoch 0"), order: balancedOrder(labelsOf(train)) });
 */
export function balancedOrder(labels: Int32Array, { draws }: BalancedOrderOptions = {}): Order {
  checkDraws("balancedOrder", draws);
  const classes = groupByClass(labels);
  return ({ length, rng }) => {
    if (labels.length !== length)
      throw new DataError(`balancedOrder: expected a label for each of ${length} examples, got ${labels.length}.`);
    const count = draws ?? length;
    const chosen = new Int32Array(count);
    // The classes that get one more than the others, where it does not divide, are drawn too.
    const ranks = rng.permutation(classes.length);
    let at = 0;
    for (const [i, list] of classes.entries()) {
      let left = Math.floor(count / classes.length) + (ranks[i]! < count % classes.length ? 1 : 0);
      while (left > 0) {
        const order = rng.permutation(list.length);
        for (let j = 0; j < order.length && left > 0; j++, left--) chosen[at++] = list[order[j]!]!;
      }
    }
    const order = rng.permutation(count);
    return order.map((place) => chosen[place]!);
  };
}
