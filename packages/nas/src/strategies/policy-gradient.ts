/**
 * A controller that learns to decide: an LSTM reads each decision and answers the next, rewarded by the score against a moving baseline.
 * Zoph and Le 2017, "Neural architecture search with reinforcement learning", arXiv:1611.01578, section 3.2; Zoph et al. 2018, arXiv:1707.07012.
 */

import {
  type Device,
  hostTensor,
  logSoftmax,
  OptionError,
  type Rng,
  type Scalar,
  softmax,
  type Tensor,
  takeAlong,
  tensor,
  valueAndGrad,
} from "@dl/core";
import { Adam, clipByGlobalNorm, Embedding, Linear, LstmCell, Module, type RecurrentState } from "@dl/nn";
import { express, type Genotype } from "../space/candidate.ts";
import { type Domain, domainSize, fromUnit } from "../space/decision.ts";
import type { Space } from "../space/space.ts";
import type { Strategy } from "./strategy.ts";

export interface PolicyGradientOptions {
  /** Where the controller runs; it must read synchronously, as the cpu and wasm devices do. Tiny: the cpu device is fastest. */
  readonly device: Device;
  /** Length of the LSTM's hidden vector. Default 64. */
  readonly size?: number;
  /** Default 0.01. */
  readonly learningRate?: number;
  /** Share of the entropy in the reward: how long the controller stays curious. Default 0.01. */
  readonly entropyWeight?: number;
  /** Share of the past in the baseline. Default 0.9. */
  readonly baselineDecay?: number;
  /** Trials of one update. Default 4. */
  readonly batchSize?: number;
  /** Real ranges are cut into so many numbers. Default 8. */
  readonly points?: number;
  readonly rng: Rng;
}

/** One answer of the controller: which decision, and which of its numbers. */
interface Step {
  readonly decision: number;
  readonly answer: number;
}

class Controller extends Module {
  readonly start: Embedding;
  readonly answers: readonly Embedding[];
  readonly cell: LstmCell;
  readonly heads: readonly Linear[];

  constructor(counts: readonly number[], { size, rng }: { size: number; rng: Rng }) {
    super();
    this.start = new Embedding({ count: 1, size, rng: rng.fork("start") });
    this.answers = counts.map((count, i) => new Embedding({ count, size, rng: rng.fork(`answer ${i}`) }));
    this.cell = new LstmCell({ inputs: size, size, rng: rng.fork("cell") });
    this.heads = counts.map((count, i) => new Linear({ inputs: size, outputs: count, rng: rng.fork(`head ${i}`) }));
  }

  /** Logits `[1, count]` of a decision after the step before it, and the state. */
  forward(decision: number, { before, state }: { before: Step | undefined; state: RecurrentState | undefined }): [Tensor, RecurrentState] {
    const id = (number: number): Tensor => tensor(hostTensor(Int32Array.of(number), [1]));
    const input = before ? this.answers[before.decision]!.forward(id(before.answer)) : this.start.forward(id(0)); // [1, size]
    const next = this.cell.forward(input, state ?? this.cell.initialState(1));
    return [this.heads[decision]!.forward(next[0]), next];
  }
}

/** The strategy owns the controller: dispose of it. */
export function policyGradient<T>(
  space: Space<T>,
  {
    device,
    size = 64,
    learningRate = 0.01,
    entropyWeight = 0.01,
    baselineDecay = 0.9,
    batchSize = 4,
    points = 8,
    rng,
  }: PolicyGradientOptions,
): Strategy<T> & Disposable {
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) throw new OptionError(`policyGradient: expected batchSize ≥ 1, got ${batchSize}.`);
  const decisions = space.decisions("");
  const places = new Map(decisions.map(({ path }, i) => [path, i]));
  const counts = decisions.map(({ domain }) => Math.min(domainSize(domain), domain.kind === "choice" ? Number.POSITIVE_INFINITY : points));
  const controller = new Controller(counts, { size, rng: rng.fork("controller") });
  const optimizer = new Adam(controller.parameters(), { learningRate });
  const asked = new Map<number, readonly Step[]>();
  let finished: { readonly steps: readonly Step[]; readonly reward: number }[] = [];
  let baseline: number | undefined;

  const numberOf = (domain: Domain, answer: number, count: number): number => {
    if (domain.kind === "choice") return answer;
    // As many answers as whole numbers are one each: places on a logarithmic scale would leave some out.
    return count === domainSize(domain) ? domain.low + answer : fromUnit(domain, (answer + 0.5) / count);
  };

  const learn = (): void => {
    const batch = finished.map(({ steps, reward }) => {
      baseline = baseline === undefined ? reward : baselineDecay * baseline + (1 - baselineDecay) * reward;
      return { steps, advantage: reward - baseline };
    });
    finished = [];
    device.computeSync(() => {
      const loss = (): Scalar => {
        const terms = batch.flatMap(({ steps, advantage }) => {
          let state: RecurrentState | undefined;
          let before: Step | undefined;
          return steps.map((step) => {
            const [logits, next] = controller.forward(step.decision, { before, state });
            [state, before] = [next, step];
            const logProbabilities = logSoftmax(logits); // [1, count]
            const chosen = takeAlong(logProbabilities, tensor(hostTensor(Int32Array.of(step.answer), [1, 1])), { axis: 1 }).sum();
            const entropy = softmax(logits).mul(logProbabilities).sum().neg();
            return chosen.mul(-advantage).sub(entropy.mul(entropyWeight));
          });
        });
        return terms.reduce((a, b) => a.add(b)).div(batch.length);
      };
      const { grads } = valueAndGrad(loss, controller.parameters());
      optimizer.update(clipByGlobalNorm(grads, 5));
    });
  };

  return {
    name: "policy gradient",
    ask(number) {
      const steps: Step[] = [];
      const candidate = device.computeSync(() => {
        let state: RecurrentState | undefined;
        const made = express(space, (path, domain) => {
          const decision = places.get(path)!;
          const [logits, next] = controller.forward(decision, { before: steps.at(-1), state });
          state = next;
          const shares = device.computeSync(() => softmax(logits)).data;
          const answer = rng.categorical([1], shares as ArrayLike<number>).data[0]!;
          steps.push({ decision, answer });
          return numberOf(domain, answer, counts[decision]!);
        });
        return { genotype: made.genotype };
      }) as { genotype: Genotype };
      asked.set(number, steps);
      return { candidate: express(space, (path) => candidate.genotype[path]!) };
    },
    tell({ number, scores }) {
      const steps = asked.get(number);
      asked.delete(number);
      // A failed trial teaches nothing: there is no reward to compare.
      if (!steps || steps.length === 0 || scores === null || !Number.isFinite(scores[0])) return;
      finished.push({ steps, reward: scores[0]! });
      if (finished.length === batchSize) learn();
    },
    [Symbol.dispose]() {
      controller[Symbol.dispose]();
      optimizer[Symbol.dispose]();
    },
  };
}
