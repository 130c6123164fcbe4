/**
 * Many networks for the training of one: cells share the weights of a supernet.
 * Guo et al. 2020, "Single path one-shot", arXiv:1904.00420: cells drawn evenly train it, then any search asks it for scores.
 * Pham et al. 2018, "ENAS", arXiv:1802.03268: the strategy that learns from the scores draws the cells, too.
 */

import { OptionError, type Scalar, valueAndGrad } from "@dl/core";
import type { CommonOptions, Optimizer } from "@dl/nn";
import type { EdgeCell } from "../space/edge-cell.ts";
import type { Proposal, Strategy, Trial } from "../strategies/strategy.ts";
import type { CellOperation } from "./cell-operations.ts";
import type { EdgeCellSupernet } from "./edge-cell-supernet.ts";

/**
 * One step of the weights a cell uses, inside `compute`; those of other cells stay as they are, and their momentum fades.
 * `optimizer` holds all of `supernet.weights()`.
 *
 * @example no-run
 * const { value: cell } = sample(edgeCell({ nodes: 4, operations: ["skip", "conv3x3"] }), rng);
 * singlePathStep(supernet, cell, { loss: () => crossEntropy(supernet.forward(images, mode, { cell }), labels), optimizer });
 */
export function singlePathStep<Operation extends CellOperation>(
  supernet: EdgeCellSupernet<Operation>,
  cell: EdgeCell<Operation>,
  { loss, optimizer }: { loss: () => Scalar; optimizer: Optimizer<CommonOptions> },
): Scalar {
  const used = new Set(supernet.weightsOf(cell));
  const others = supernet.weights().filter((weight) => !used.has(weight));
  const before = others.map((weight) => weight.value);
  const { value, grads } = valueAndGrad(loss, supernet.weights());
  optimizer.update(grads);
  // Weight decay and old momentum would move them without having been looked at.
  others.forEach((weight, i) => {
    weight.set(before[i]!);
  });
  return value;
}

export interface WeightSharingOptions<T> {
  readonly strategy: Strategy<T>;
  /** Trains the shared weights with a candidate for a while. */
  readonly train: (value: T) => void | Promise<void>;
  /** Scores a candidate with the shared weights as they are: more is better. */
  readonly score: (value: T) => number | Promise<number>;
  readonly rounds: number;
  /** Candidates that train in each round. Default 4. */
  readonly trained?: number;
  /** Candidates that are scored, and told to the strategy, in each round. Default 4. */
  readonly scored?: number;
  /** Called after each round with its best score. */
  readonly onRound?: (round: number, best: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * ENAS: in turns, candidates the strategy proposes train the shared weights, and others are scored and told. Scores of different rounds come
 * of different weights, so nothing is remembered: with `policyGradient` this is the paper's search.
 *
 * @returns The trials, in order; the last rounds' scores are the ones to trust.
 */
export async function weightSharing<T>(options: WeightSharingOptions<T>): Promise<readonly Trial<T>[]> {
  const { strategy, train, score, rounds, trained = 4, scored = 4, onRound, signal } = options;
  if (!(Number.isInteger(rounds) && rounds >= 1 && scored >= 1 && trained >= 0)) {
    throw new OptionError(`weightSharing: expected rounds and scored ≥ 1 and trained ≥ 0, got ${rounds}, ${scored} and ${trained}.`);
  }
  const trials: Trial<T>[] = [];
  let asked = 0;
  const ask = (): Proposal<T> => {
    const proposal = strategy.ask(asked++);
    if (proposal === undefined || proposal === "wait") {
      throw new OptionError(
        `weightSharing: expected a strategy that always proposes, such as policyGradient, got ${proposal ?? "nothing"} from ${strategy.name}.`,
      );
    }
    return proposal;
  };
  for (let round = 0; round < rounds && !signal?.aborted; round++) {
    for (let i = 0; i < trained; i++) await train(ask().candidate.value);
    let best = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < scored; i++) {
      const number = asked;
      const proposal = ask();
      const found = await score(proposal.candidate.value);
      const trial = { ...proposal, number, scores: [found] };
      trials.push(trial);
      strategy.tell(trial);
      best = Math.max(best, found);
    }
    onRound?.(round, best);
  }
  return trials;
}
