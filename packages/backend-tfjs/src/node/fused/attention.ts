/**
 * Attention as five products and a softmax: the mask is a constant, the heads that share a key are rows of one product, and the log of the sum
 * of exponentials is worked out only where somebody asks for it. Vaswani et al. 2017, equation 1.
 */

import type { AttentionProblem } from "@dl/core";
import type { Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";

/** Up to so many elements the weights are kept for the gradient; above they are made again from the logs. */
const mostKept = 1 << 22;

/** Up to so many elements the mask is a constant of the scores' whole shape, which costs no broadcast. */
const mostMask = 1 << 18;

type Inputs = { readonly query: TensorOperand; readonly key: TensorOperand; readonly value: TensorOperand };
type Saved = Inputs & { readonly y: TensorOperand; readonly logSumExp: TensorOperand };

export class Attention {
  readonly #engine: Engine;
  /** The softmax, by the buffer of logs. */
  readonly #weights = new WeakMap<TensorBuffer, number>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  forward({ query, key, value }: Inputs, problem: AttentionProblem): { y: TensorBuffer; logSumExp: TensorBuffer } {
    const engine = this.#engine;
    const { n, rows, keyTime, size, logs } = shapesOf(problem);
    const [q, k, v] = [engine.id(query, [n, rows, size]), engine.id(key, [n, keyTime, size]), engine.id(value, [n, keyTime, size])];
    if (n * rows * keyTime > mostKept) {
      const [y, lse] = engine.compose(() => {
        const scores = maskedScores(engine, q, k, problem);
        const lse = logsOf(engine, scores, problem);
        return [product(engine, weightsOf(engine, scores, lse.id, problem), v, {}), lse];
      });
      return { y: engine.buffer(y!, query.dtype), logSumExp: engine.buffer(lse!, query.dtype) };
    }
    const [y, weights] = engine.compose(() => {
      const weights = seenOnly(engine, engine.run("Softmax", [maskedScores(engine, q, k, problem)]), problem);
      return [product(engine, weights.id, v, {}), weights];
    });
    // Sharing their memory, so that the recipe finds them whatever is freed before.
    const kept = [weights!.id, engine.step("Identity", [q]), engine.step("Identity", [k])];
    const recipe = (): number => engine.compose(() => logsOf(engine, maskedScores(engine, kept[1]!, kept[2]!, problem), problem)).id;
    const logSumExp = engine.deferred(recipe, { shape: logs, dtype: "float32", kept, keptBytes: 4 * n * rows * keyTime });
    this.#weights.set(logSumExp, weights!.id);
    return { y: engine.buffer(y!, query.dtype), logSumExp };
  }

  gradient(
    g: TensorOperand,
    { query, key, value, y, logSumExp }: Saved,
    problem: AttentionProblem,
  ): Record<"dquery" | "dkey" | "dvalue", TensorBuffer> {
    const engine = this.#engine;
    const { constants } = engine;
    const { n, rows, keyTime, size, logs } = shapesOf(problem);
    const [dquery, dkey, dvalue] = engine.compose(() => {
      const [q, k, v] = [engine.id(query, [n, rows, size]), engine.id(key, [n, keyTime, size]), engine.id(value, [n, keyTime, size])];
      const incoming = engine.id(g, [n, rows, size]);
      const scaled = engine.step("Mul", [q, constants.float(problem.scale)]);
      const weights =
        this.#weights.get(logSumExp.buffer) ?? weightsOf(engine, maskedScores(engine, q, k, problem), engine.id(logSumExp, logs), problem);
      // Σ over the keys of weight · its gradient is Σ over the head of g · y: Dao et al. 2022, arXiv:2205.14135, section B.4.
      const inner = engine.step(
        "Sum",
        [engine.step("Mul", [incoming, engine.id(y, [n, rows, size])]), constants.ints([2])],
        [engine.flag("keep_dims", true)],
      );
      const byWeights = product(engine, incoming, v, { transposeB: true }).id;
      const byScores = engine.step("Mul", [weights, engine.step("Sub", [byWeights, inner])]);
      return [
        engine.run("Mul", [product(engine, byScores, k, {}).id, constants.float(problem.scale)]),
        product(engine, byScores, scaled, { transposeA: true }),
        product(engine, weights, incoming, { transposeA: true }),
      ];
    });
    return { dquery: engine.buffer(dquery!, g.dtype), dkey: engine.buffer(dkey!, g.dtype), dvalue: engine.buffer(dvalue!, g.dtype) };
  }
}

/** Query heads that share a key head are rows of one matrix: `n` matrices of `rows` rows. */
function shapesOf({ batch, heads, keyHeads, time, keyTime, size }: AttentionProblem): {
  n: number;
  rows: number;
  keyTime: number;
  size: number;
  logs: [number, number, 1];
} {
  const [n, rows] = [batch * keyHeads, (heads / keyHeads) * time];
  return { n, rows, keyTime, size, logs: [n, rows, 1] };
}

function product(
  engine: Engine,
  a: number,
  b: number,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean },
): Output {
  return engine.run("BatchMatMulV2", [a, b], [engine.flag("adj_x", transposeA), engine.flag("adj_y", transposeB)]);
}

/** scale · q·kᵀ, −∞ where a row may not look. */
function maskedScores(engine: Engine, q: number, k: number, problem: AttentionProblem): number {
  const scores = product(engine, engine.step("Mul", [q, engine.constants.float(problem.scale)]), k, { transposeB: true }).id;
  return problem.causal ? engine.step("AddV2", [scores, maskOf(engine, problem)]) : scores;
}

function maskOf(engine: Engine, problem: AttentionProblem): number {
  const { time, keyTime } = problem;
  const { n, rows } = shapesOf(problem);
  const copies = n * rows * keyTime <= mostMask ? n : 1;
  const make = (): number => {
    const mask = new Float32Array(copies * rows * keyTime);
    for (let row = 0; row < copies * rows; row++) {
      const past = (row % time) + keyTime - time;
      // A row that may look nowhere looks everywhere here, and is taken out afterwards: its softmax would be 0/0.
      if (past >= 0) mask.fill(-Infinity, row * keyTime + Math.min(past + 1, keyTime), (row + 1) * keyTime);
    }
    return engine.addon.createTensor([copies, rows, keyTime], engine.addon.TF_FLOAT, mask);
  };
  return engine.constants.made(`causal${copies}x${rows}x${time}x${keyTime}`, make, { bytes: copies * rows * keyTime * 4 });
}

/** Whether some row may look nowhere: a causal one with more queries than keys. */
function hasBlindRows({ causal, time, keyTime }: AttentionProblem): boolean {
  return causal && time > keyTime;
}

/** `value` in the rows that may look somewhere, `[rows, 1]`, and `otherwise` in the others. */
function rowConstant(engine: Engine, problem: AttentionProblem, { value, otherwise }: { value: number; otherwise: number }): number {
  const { time, keyTime } = problem;
  const { rows } = shapesOf(problem);
  return engine.constants.made(`rows${rows}x${time}x${keyTime}:${value},${otherwise}`, () => {
    const data = Float32Array.from({ length: rows }, (_, row) => ((row % time) + keyTime - time >= 0 ? value : otherwise));
    return engine.addon.createTensor([rows, 1], engine.addon.TF_FLOAT, data);
  });
}

function seenOnly(engine: Engine, weights: Output, problem: AttentionProblem): Output {
  return hasBlindRows(problem) ? engine.run("Mul", [weights.id, rowConstant(engine, problem, { value: 1, otherwise: 0 })]) : weights;
}

/** ln Σ eˢ of each row, `[n, rows, 1]`; −∞ of one that may look nowhere. */
function logsOf(engine: Engine, scores: number, problem: AttentionProblem): Output {
  const keep = [engine.flag("keep_dims", true)];
  const last = engine.constants.ints([2]);
  const highest = engine.step("Max", [scores, last], keep);
  const sums = engine.step("Sum", [engine.step("Exp", [engine.step("Sub", [scores, highest])]), last], keep);
  const logs = engine.run("AddV2", [highest, engine.step("Log", [sums])]);
  return hasBlindRows(problem) ? engine.run("AddV2", [logs.id, rowConstant(engine, problem, { value: 0, otherwise: -Infinity })]) : logs;
}

/** The softmax again, from the logs; rows that may look nowhere have none. */
function weightsOf(engine: Engine, scores: number, logs: number, problem: AttentionProblem): number {
  if (!hasBlindRows(problem)) return engine.step("Exp", [engine.step("Sub", [scores, logs])]);
  const finite = engine.step("Maximum", [logs, engine.constants.float(-3.4028234663852886e38)]);
  // e raised to scores far above such a log would be ∞, and ∞ · 0 is NaN: a minimum keeps it at 1.
  const exponent = engine.step("Minimum", [engine.step("Sub", [scores, finite]), engine.constants.float(0)]);
  return seenOnly(engine, engine.run("Exp", [exponent]), problem).id;
}
