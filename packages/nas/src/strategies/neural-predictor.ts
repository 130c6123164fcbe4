/**
 * A learned predictor: small networks learn scores from encodings, and the candidates they think best are tried next.
 * Wen et al. 2020, "Neural predictor for neural architecture search", arXiv:1912.00848; an ensemble as White et al. 2021, arXiv:1910.11858.
 */

import { type Device, hostTensor, OptionError, type Rng, relu, tensor, valueAndGrad } from "@dl/core";
import { Adam, inference, Linear, Sequential } from "@dl/nn";
import { type Candidate, encode, mutate, sample } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import { type Proposal, type Strategy, scoreOf, type Trial } from "./strategy.ts";

export interface NeuralPredictorOptions {
  /** Where the networks run; it must read synchronously, as the cpu and wasm devices do. */
  readonly device: Device;
  /** Random trials before the first prediction. Default 20. */
  readonly startup?: number;
  /** Candidates weighed for a round: half random, half mutants of the best. Default 200. */
  readonly candidates?: number;
  /** Trials of one round, after which the networks learn anew. Default 10. */
  readonly round?: number;
  /** Networks, whose mean decides. Default 3. */
  readonly members?: number;
  /** Width of their two layers. Default 32. */
  readonly size?: number;
  /** Steps each learns, on all trials at once. Default 100. */
  readonly steps?: number;
  readonly rng: Rng;
}

export function neuralPredictor<T>(
  space: Space<T>,
  { device, startup = 20, candidates = 200, round = 10, members = 3, size = 32, steps = 100, rng }: NeuralPredictorOptions,
): Strategy<T> {
  if (!(startup >= 2 && round >= 1 && candidates >= round && members >= 1 && steps >= 1)) {
    throw new OptionError(
      `neuralPredictor: expected startup ≥ 2, round, members and steps ≥ 1 and candidates ≥ round, got ${startup}, ${round}, ${members}, ${steps} and ${candidates}.`,
    );
  }
  const told: Trial<T>[] = [];
  const known = new Set<string>();
  let queue: Proposal<T>[] = [];

  /** The best of a pool, by a new ensemble. */
  const nextRound = (done: readonly Trial<T>[]): Proposal<T>[] => {
    const top = [...done].sort((a, b) => scoreOf(b) - scoreOf(a)).slice(0, 10);
    const pool = new Map<string, Proposal<T>>();
    for (let i = 0; i < candidates; i++) {
      const parent = i % 2 === 0 ? undefined : rng.pick(top);
      const candidate = parent ? mutate(space, parent.candidate, rng) : sample(space, rng);
      if (!known.has(candidate.key)) pool.set(candidate.key, { candidate, ...(parent && { parents: [parent.number] }) });
    }
    const proposals = [...pool.values()];
    if (proposals.length === 0) return [{ candidate: sample(space, rng) }];
    const predicted = predict(
      proposals.map(({ candidate }) => candidate),
      done,
    );
    const order = proposals.map((_, i) => i).sort((a, b) => predicted[b]! - predicted[a]!);
    return order.slice(0, round).map((i) => proposals[i]!);
  };

  const predict = (pool: readonly Candidate<T>[], done: readonly Trial<T>[]): Float64Array => {
    const x = rowsOf(done.map(({ candidate }) => encode(space, candidate)));
    const scores = done.map(scoreOf);
    const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
    const spread = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length) || 1;
    const y = hostTensor(
      Float32Array.from(scores, (score) => (score - mean) / spread),
      [scores.length, 1],
    );
    const asked = rowsOf(pool.map((candidate) => encode(space, candidate)));
    const sums = new Float64Array(pool.length);
    for (let member = 0; member < members; member++) {
      const own = rng.fork(`member ${member} at ${told.length}`);
      using network = new Sequential([
        new Linear({ inputs: x.shape[1]!, outputs: size, rng: own.fork("first") }),
        relu,
        new Linear({ inputs: size, outputs: size, rng: own.fork("second") }),
        relu,
        new Linear({ inputs: size, outputs: 1, rng: own.fork("last") }),
      ]);
      using optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
      for (let step = 0; step < steps; step++) {
        device.computeSync(() => {
          const loss = () => network.forward(tensor(x), inference).sub(tensor(y)).square().mean();
          optimizer.update(valueAndGrad(loss, network.parameters()).grads);
        });
      }
      const { data } = device.computeSync(() => network.forward(tensor(asked), inference));
      for (let i = 0; i < sums.length; i++) sums[i]! += data[i]!;
    }
    return sums;
  };

  return {
    name: "neural predictor",
    ask() {
      const done = told.filter(({ scores }) => scores !== null && Number.isFinite(scores[0]));
      if (done.length < startup) return { candidate: sample(space, rng) };
      if (queue.length === 0) queue = nextRound(done);
      const proposal = queue.shift()!;
      known.add(proposal.candidate.key);
      return proposal;
    },
    tell(trial) {
      told.push(trial);
      known.add(trial.candidate.key);
    },
  };
}

function rowsOf(rows: readonly Float64Array[]) {
  return hostTensor(Float32Array.from(rows.flatMap((row) => [...row])), [rows.length, rows[0]!.length]);
}
