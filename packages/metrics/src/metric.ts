/** What every metric is: sums that batches add to, and an answer taken from the sums. */

/**
 * A metric over host arrays. Sums are kept in float64, so the answer depends on the examples and not on how they were batched.
 *
 * @typeParam Inputs  What one batch brings.
 * @typeParam Result  What the metric answers.
 * @typeParam State   Its sums as plain JSON, for checkpoints.
 *
 * @example
 * const accuracy = new Accuracy();
 * accuracy.update({ labels: [0, 1, 1], predictions: [0, 1, 0] });
 * accuracy.result(); // 0.6666666666666666
 */
export interface Metric<Inputs, Result, State> {
  /** Adds a batch. Throws, and adds nothing, if the batch is empty or its arrays do not fit together. */
  update(inputs: Inputs): void;
  /** The answer over everything since the last `reset`. Throws a `DataError` if nothing was added. */
  result(): Result;
  /** Forgets every batch. */
  reset(): void;
  /** Adds the sums of another metric with the same options: parts counted apart (workers, shards) give the answer of the whole. */
  merge(other: this): void;
  /** A copy of the sums. */
  state(): State;
  /** Replaces the sums with those of `state`. */
  restore(state: State): void;
}
