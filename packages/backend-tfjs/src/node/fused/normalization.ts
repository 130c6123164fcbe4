/** Layer and batch normalisation. */

import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";

type LayerProblem = { readonly rows: number; readonly length: number };
type BatchProblem = { readonly rows: number; readonly channels: number; readonly epsilon: number };

export function layerNorm(
  engine: Engine,
  x: TensorOperand,
  { weight, bias, rows, length, epsilon }: LayerProblem & { weight: TensorOperand; bias: TensorOperand; epsilon: number },
): { y: TensorBuffer; mean: TensorBuffer; rstd: TensorBuffer } {
  const { constants } = engine;
  const [y, mean, rstd] = engine.compose(() => {
    const table = engine.id(x, [rows, length]);
    const mean = rowMeans(engine, table);
    const centred = engine.step("Sub", [table, mean.id]);
    const variance = rowMeans(engine, engine.step("Square", [centred])).id;
    const rstd = engine.run("Rsqrt", [engine.step("AddV2", [variance, constants.float(epsilon)])]);
    const scaled = engine.step("Mul", [engine.step("Mul", [centred, rstd.id]), engine.id(weight)]);
    return [engine.run("AddV2", [scaled, engine.id(bias)]), mean, rstd];
  });
  return { y: engine.buffer(y!, x.dtype), mean: engine.buffer(mean!, x.dtype), rstd: engine.buffer(rstd!, x.dtype) };
}

export function layerNormGradient(
  engine: Engine,
  g: TensorOperand,
  { x, weight, mean, rstd, rows, length }: LayerProblem & Record<"x" | "weight" | "mean" | "rstd", TensorOperand>,
): { dx: TensorBuffer; dweight: TensorBuffer; dbias: TensorBuffer } {
  const [dx, dweight, dbias] = engine.compose(() => {
    const incoming = engine.id(g, [rows, length]);
    const scale = engine.id(rstd, [rows, 1]);
    const normal = engine.step("Mul", [engine.step("Sub", [engine.id(x, [rows, length]), engine.id(mean, [rows, 1])]), scale]);
    const weighted = engine.step("Mul", [incoming, engine.id(weight)]);
    const along = rowMeans(engine, engine.step("Mul", [weighted, normal])).id;
    const centred = engine.step("Sub", [weighted, rowMeans(engine, weighted).id]);
    const straight = engine.step("Sub", [centred, engine.step("Mul", [normal, along])]);
    return [engine.run("Mul", [straight, scale]), columnSums(engine, engine.step("Mul", [incoming, normal])), columnSums(engine, incoming)];
  });
  return { dx: engine.buffer(dx!, g.dtype), dweight: engine.buffer(dweight!, g.dtype), dbias: engine.buffer(dbias!, g.dtype) };
}

export function batchNorm(
  engine: Engine,
  x: TensorOperand,
  { weight, bias, rows, channels, epsilon }: BatchProblem & { weight: TensorOperand; bias: TensorOperand },
): { y: TensorBuffer; mean: TensorBuffer; variance: TensorBuffer } {
  const { constants } = engine;
  const [y, mean, variance] = engine.compose(() => {
    const inputs = [engine.id(x, [rows, 1, 1, channels]), engine.id(weight), engine.id(bias), nothing(engine), nothing(engine)];
    const results = engine.runAll("FusedBatchNormV3", inputs, { attributes: [engine.number("epsilon", epsilon)], outputs: 6 });
    // TensorFlow's running variance divides by n − 1, its own normalisation and ours by n.
    const biased = engine.run("Mul", [results[2]!.id, constants.float((rows - 1) / rows)]);
    return [results[0]!, results[1]!, biased];
  });
  return { y: engine.buffer(y!, x.dtype), mean: engine.buffer(mean!, x.dtype), variance: engine.buffer(variance!, x.dtype) };
}

export function batchNormGradient(
  engine: Engine,
  g: TensorOperand,
  { x, weight, mean, variance, rows, channels, epsilon }: BatchProblem & Record<"x" | "weight" | "mean" | "variance", TensorOperand>,
): { dx: TensorBuffer; dweight: TensorBuffer; dbias: TensorBuffer } {
  const { constants } = engine;
  const [dx, dweight, dbias] = engine.compose(() => {
    const shape = [rows, 1, 1, channels];
    // cuDNN keeps 1/√(variance + ε) where TensorFlow's CPU kernel keeps the variance.
    const saved = engine.gpu
      ? engine.step("Rsqrt", [engine.step("AddV2", [engine.id(variance), constants.float(epsilon)])])
      : engine.id(variance);
    const inputs = [engine.id(g, shape), engine.id(x, shape), engine.id(weight), engine.id(mean), saved, nothing(engine)];
    return engine.runAll("FusedBatchNormGradV3", inputs, { attributes: [engine.number("epsilon", epsilon)], outputs: 5 }).slice(0, 3);
  });
  return { dx: engine.buffer(dx!, g.dtype), dweight: engine.buffer(dweight!, g.dtype), dbias: engine.buffer(dbias!, g.dtype) };
}

/** A tensor of no elements: no running statistics yet. */
function nothing(engine: Engine): number {
  return engine.constants.made("nothing", () => engine.addon.createTensor([0], engine.addon.TF_FLOAT, new Float32Array(0)));
}

function rowMeans(engine: Engine, x: number): ReturnType<Engine["run"]> {
  return engine.run("Mean", [x, engine.constants.ints([1])], [engine.flag("keep_dims", true)]);
}

function columnSums(engine: Engine, x: number): ReturnType<Engine["run"]> {
  return engine.gpu ? engine.run("Sum", [x, engine.constants.ints([0])]) : engine.run("BiasAddGrad", [x]);
}
