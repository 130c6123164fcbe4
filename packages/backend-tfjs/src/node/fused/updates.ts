/** Optimizer steps in place, by TensorFlow's ResourceApply operations: the buffer becomes a variable at its first step. */

import type { AdamStep, SgdStep } from "@dl/core";
import type { Attribute } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";

/** A shared name that is none: the variable goes when its handle does (tensorflow/core/framework/resource_mgr.h). */
const anonymous = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

export function sumOfSquares(engine: Engine, operands: readonly TensorOperand[]): TensorBuffer {
  const { constants } = engine;
  const output = engine.compose(() => {
    // L2Loss is half of it.
    const halves = operands.map(({ buffer }) => engine.step("L2Loss", [engine.tensor(buffer)]));
    if (halves.length === 0) return engine.run("Fill", [constants.ints([]), constants.float(0)]);
    const total =
      halves.length === 1 ? halves[0]! : engine.step("AddN", halves, [engine.type("T", "float32"), engine.ints("N", halves.length)]);
    return engine.run("Mul", [total, constants.float(2)]);
  });
  return engine.buffer(output, "float32");
}

export function adamUpdate(
  engine: Engine,
  parameter: TensorOperand,
  gradient: TensorOperand,
  { first, second, step }: { first: TensorOperand; second: TensorOperand; step: AdamStep },
): void {
  const { constants } = engine;
  const { learningRate, beta1, beta2, epsilon, weightDecay, correction1, correction2 } = step;
  if (weightDecay !== 0) {
    const scaled = engine.step("Mul", [engine.id(parameter), constants.float(1 - learningRate * weightDecay)]);
    assign(engine, parameter, scaled);
  }
  // (m/c₁)/(√(v/c₂) + ε) = (√c₂/c₁)·m/(√v + ε·√c₂); powers of zero turn TensorFlow's own corrections, in float32, off.
  const root = Math.sqrt(correction2);
  const zero = constants.float(0);
  const changing = [(learningRate * root) / correction1, epsilon * root].map((value) => scalarTensor(engine, value));
  const inputs = [
    ...[variable(engine, parameter), variable(engine, first), variable(engine, second)],
    ...[zero, zero, changing[0]!, constants.float(beta1), constants.float(beta2), changing[1]!],
    engine.id(gradient),
  ];
  engine.runAll("ResourceApplyAdam", inputs, { outputs: 0 });
  for (const id of changing) engine.addon.deleteTensor(id);
}

export function sgdUpdate(
  engine: Engine,
  parameter: TensorOperand,
  gradient: TensorOperand,
  { velocity, step }: { velocity: TensorOperand | undefined; step: SgdStep },
): void {
  const { constants } = engine;
  const { learningRate, momentum, dampening, nesterov, weightDecay, first } = step;
  const made: number[] = [];
  const keep = (id: number): number => {
    made.push(id);
    return id;
  };
  const factor = (value: number): number => constants.float(value);
  let g = engine.id(gradient);
  if (weightDecay !== 0) {
    const decay = keep(engine.step("Mul", [engine.id(parameter), factor(weightDecay)]));
    g = keep(engine.step("AddV2", [g, decay]));
  }
  if (velocity === undefined) {
    engine.runAll("ResourceApplyGradientDescent", [variable(engine, parameter), factor(learningRate), g], { outputs: 0 });
  } else if (first || (nesterov && dampening !== 0)) {
    // The velocity becomes the gradient; or the look-ahead adds an undampened one, which the operation below cannot.
    const past = first ? undefined : keep(engine.step("Mul", [engine.id(velocity), factor(momentum)]));
    const now =
      past === undefined
        ? engine.step("DeepCopy", [g])
        : engine.step("AddV2", [past, keep(engine.step("Mul", [g, factor(1 - dampening)]))]);
    const ahead = nesterov ? keep(engine.step("AddV2", [g, keep(engine.step("Mul", [now, factor(momentum)]))])) : now;
    engine.runAll("ResourceApplyGradientDescent", [variable(engine, parameter), factor(learningRate), ahead], { outputs: 0 });
    assign(engine, velocity, now);
  } else {
    const dampened = dampening === 0 ? g : keep(engine.step("Mul", [g, factor(1 - dampening)]));
    const inputs = [variable(engine, parameter), variable(engine, velocity), factor(learningRate), dampened, factor(momentum)];
    engine.runAll("ResourceApplyMomentum", inputs, { attributes: [engine.flag("use_nesterov", nesterov)], outputs: 0 });
  }
  for (const id of made) engine.addon.deleteTensor(id);
}

/** The buffer as a variable that nobody else holds: TensorFlow writes it in place, and copies what is shared. */
function variable(engine: Engine, x: TensorOperand): number {
  const { buffer } = x;
  if (buffer.variable < 0) makeVariable(engine, x, engine.id(x));
  engine.forgetTensor(buffer);
  return buffer.variable;
}

/** Gives the variable a new value, whose number is used up. */
function assign(engine: Engine, x: TensorOperand, value: number): void {
  const { buffer } = x;
  if (buffer.variable < 0) makeVariable(engine, x, value);
  else engine.runAll("AssignVariableOp", [buffer.variable, value], { attributes: [engine.type("dtype", "float32")], outputs: 0 });
  engine.forgetTensor(buffer);
  engine.addon.deleteTensor(value);
}

function makeVariable(engine: Engine, { buffer, shape }: TensorOperand, value: number): void {
  const { addon } = engine;
  const attributes: readonly Attribute[] = [
    engine.type("dtype", "float32"),
    { name: "shape", type: addon.TF_ATTR_SHAPE, value: shape },
    engine.text("shared_name", anonymous),
  ];
  buffer.variable = engine.step("VarHandleOp", [], attributes);
  buffer.shape = shape;
  engine.runAll("AssignVariableOp", [buffer.variable, value], { attributes: [engine.type("dtype", "float32")], outputs: 0 });
}

/** One of many values: a schedule's, or a step's; not worth keeping. */
function scalarTensor({ addon }: Engine, value: number): number {
  return addon.createTensor([], addon.TF_FLOAT, Float32Array.of(value));
}
