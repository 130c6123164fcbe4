/** Element-wise kernels: one invocation an element, operands broadcast by strides. */

import { broadcastStrides, collapseAxes, type DType, type Kernels, type Shape, sizeOf } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind, type GpuOperand, wordOf, wordType } from "../operands.ts";
import type { WordType } from "../program.ts";
import type { Runner } from "../runner.ts";
import { calledMathematics, mathematics } from "../wgsl-mathematics.ts";
import { binaryExpressions, binaryFunctions, binaryIntExpressions, compareExpression } from "./binary-expressions.ts";
import { walkCode } from "./strides.ts";
import { unaryExpressions, unaryIntExpressions } from "./unary-expressions.ts";

type Elementwise = Pick<Kernels<DeviceBuffer>, "unary" | "binary" | "compare" | "where" | "cast" | "fill" | "broadcast">;

/** Of a comparison of NaN by `x + y`-like rules nothing is known: a NaN's gate is shut. */
const functionsFor = (expression: string): string[] => {
  const own = Object.entries(binaryFunctions)
    .filter(([name]) => expression.includes(`${name}(`))
    .map(([, source]) => source);
  return [...mathematics(calledMathematics(own.join("\n") + expression)), ...own];
};

interface ElementwiseForm {
  readonly variant: string;
  readonly shape: Shape;
  readonly type: WordType;
  readonly expression: string;
}

export function elementwiseKernels(runner: Runner): Elementwise {
  /** One output element from one of each operand. */
  const map = (
    name: string,
    operands: readonly { name: string; operand: GpuOperand }[],
    { variant, shape, type, expression }: ElementwiseForm,
  ): DeviceBuffer => {
    const size = sizeOf(shape);
    const y = runner.allocate(size, name);
    if (size === 0) return y;
    const walk = walkCode(
      operands.map((each) => each.name),
      collapseAxes(
        shape,
        operands.map(({ operand }) => broadcastStrides(operand.shape, shape)),
      ),
    );
    runner.run({
      name,
      label: `${name} ${variant}`.trim(),
      variant: `${variant} ${walk.variant}`,
      reads: operands.map((each, o) => ({ ...bind(`${each.name}Data`, each.operand), own: walk.own[o]! })),
      pointwise: true,
      writes: [{ name: "result", type, buffer: y }],
      ints: walk.ints,
      threads: size,
      declarations: () => functionsFor(expression),
      body: () => `
${walk.code()}
${operands.map((each) => `let ${each.name} = ${each.name}Data[${each.name}At];`).join("\n")}
result[i] = ${expression};`,
    });
    return y;
  };

  return {
    unary(op, x) {
      const ints = x.dtype === "int32";
      const expression = (ints ? unaryIntExpressions[op] : undefined) ?? unaryExpressions[op];
      const type = op === "logicalNot" || op === "isNaN" || op === "isFinite" ? "u32" : wordType(x.dtype);
      return map("unary", [{ name: "x", operand: x }], { variant: op, shape: x.shape, type, expression });
    },
    binary(op, a, b, shape) {
      const expression = (a.dtype === "int32" ? binaryIntExpressions[op] : undefined) ?? binaryExpressions[op];
      const operands = [
        { name: "x", operand: a },
        { name: "y", operand: b },
      ];
      return map("binary", operands, { variant: op, shape, type: wordType(a.dtype), expression });
    },
    compare(op, a, b, shape) {
      const operands = [
        { name: "x", operand: a },
        { name: "y", operand: b },
      ];
      const expression = `select(0u, 1u, ${compareExpression(op, a.dtype !== "int32" && a.dtype !== "bool")})`;
      return map("compare", operands, { variant: op, shape, type: "u32", expression });
    },
    where(condition, a, b, shape) {
      const operands = [
        { name: "c", operand: condition },
        { name: "x", operand: a },
        { name: "y", operand: b },
      ];
      return map("where", operands, { variant: "", shape, type: wordType(a.dtype), expression: "select(y, x, c != 0u)" });
    },
    cast(x, dtype) {
      return map("cast", [{ name: "x", operand: x }], {
        variant: dtype,
        shape: x.shape,
        type: wordType(dtype),
        expression: castExpression(x.dtype, dtype),
      });
    },
    fill(shape, dtype, value) {
      const size = sizeOf(shape);
      if (size === 1) return runner.constant(wordOf(value, dtype));
      const y = runner.allocate(size, "fill");
      runner.run({
        name: "fill",
        reads: [],
        writes: [{ name: "result", type: wordType(dtype), buffer: y }],
        ints: { value: wordOf(value, dtype) },
        pointwise: true,
        threads: size,
        body: () => `result[i] = bitcast<${wordType(dtype)}>(p.value);`,
      });
      return y;
    },
    broadcast(x, shape) {
      return map("broadcast", [{ name: "x", operand: x }], { variant: "", shape, type: wordType(x.dtype), expression: "x" });
    },
  };
}

function castExpression(from: DType, to: DType): string {
  const [source, target] = [wordType(from), wordType(to)];
  if (to === "bool") {
    if (source === "f32") return "select(0u, 1u, (bitcast<u32>(x) & 0x7fffffffu) != 0u)";
    return source === "i32" ? "select(0u, 1u, x != 0)" : "x";
  }
  return source === target ? "x" : `${target}(x)`;
}
