/**
 * Layer and batch normalisation. Layer norm is a composition here: TensorFlow's FusedBatchNorm over transposed rows takes three times as long, and
 * oneDNN's layer norm has no float32 kernel in it. So it is made of few passes, and each intermediate goes as soon as it was read: large ones
 * then lie in memory that is there already, where new pages cost more than the arithmetic.
 */

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
    const squares = engine.step("Square", [centred]);
    const variance = rowMeans(engine, squares).id;
    engine.release(squares);
    const rstd = engine.run("Rsqrt", [engine.step("AddV2", [variance, constants.float(epsilon)])]);
    const normal = engine.step("Mul", [centred, rstd.id]);
    engine.release(centred);
    const scaled = engine.step("Mul", [normal, engine.id(weight)]);
    engine.release(normal);
    return [engine.run("AddV2", [scaled, engine.id(bias)]), mean, rstd];
  });
  return { y: engine.buffer(y!, x.dtype), mean: engine.buffer(mean!, x.dtype), rstd: engine.buffer(rstd!, x.dtype) };
}

export function layerNormGradient(
  engine: Engine,
  g: TensorOperand,
  { x, weight, mean, rstd, rows, length }: LayerProblem & Record<"x" | "weight" | "mean" | "rstd", TensorOperand>,
): { dx: TensorBuffer; dweight: TensorBuffer; dbias: TensorBuffer } {
  const { constants } = engine;
  // c = x − mean, r = rstd: dx = r·(g·w − mean(g·w) − c·r²·mean(g·c·w)); means over a row of something · w are products with w/length.
  const [dx, dweight, dbias] = engine.compose(() => {
    const incoming = engine.id(g, [rows, length]);
    const scale = engine.id(rstd, [rows, 1]);
    const share = engine.step("Mul", [engine.id(weight, [length, 1]), constants.float(1 / length)]);
    const centred = engine.step("Sub", [engine.id(x, [rows, length]), engine.id(mean, [rows, 1])]);
    const steep = engine.step("Mul", [incoming, centred]);
    const dweight = engine.run("Reshape", [
      engine.step("MatMul", [scale, steep], [engine.flag("transpose_a", true)]),
      constants.ints([length]),
    ]);
    const along = engine.step("Mul", [engine.step("MatMul", [steep, share]), engine.step("Square", [scale])]);
    engine.release(steep);
    const back = engine.step("Mul", [centred, along]);
    engine.release(centred);
    const weighted = engine.step("Mul", [incoming, engine.id(weight)]);
    const less = engine.step("Sub", [weighted, back]);
    engine.release(weighted);
    engine.release(back);
    const straight = engine.step("Sub", [less, engine.step("MatMul", [incoming, share])]);
    engine.release(less);
    return [engine.run("Mul", [straight, scale]), dweight, columnSums(engine, incoming)];
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
