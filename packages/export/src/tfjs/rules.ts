/** How kernels become TensorFlow's operations. Both have channels last: convolutions need no transposition. */

import { UnsupportedError } from "@dl/core";
import { type Dimension, isConstant, sameDimension } from "../trace/dimension.ts";
import type { TfCall } from "./tf-call.ts";
import { flag, type TfValue, typeOf, whole, wholes, word } from "./tf-graph.ts";

export type TfRule = (call: TfCall) => TfValue;

const unaryOps: Readonly<Record<string, string>> = {
  ...{ abs: "Abs", negate: "Neg", sign: "Sign", exp: "Exp", expm1: "Expm1", log: "Log", log1p: "Log1p", sqrt: "Sqrt", rsqrt: "Rsqrt" },
  ...{ square: "Square", reciprocal: "Reciprocal", sin: "Sin", cos: "Cos", tan: "Tan", atan: "Atan", tanh: "Tanh", sigmoid: "Sigmoid" },
  ...{ softplus: "Softplus", relu: "Relu", erf: "Erf", floor: "Floor", ceil: "Ceil", round: "Round" },
  ...{ logicalNot: "LogicalNot", isNaN: "IsNan" },
};

const binaryOps: Readonly<Record<string, string>> = {
  ...{ add: "AddV2", subtract: "Sub", multiply: "Mul", divide: "RealDiv", power: "Pow", maximum: "Maximum", minimum: "Minimum" },
  ...{ squaredDifference: "SquaredDifference", modulo: "FloorMod", atan2: "Atan2" },
};

const compareOps: Readonly<Record<string, string>> = {
  ...{ equal: "Equal", notEqual: "NotEqual", less: "Less", lessEqual: "LessEqual", greater: "Greater", greaterEqual: "GreaterEqual" },
  ...{ logicalAnd: "LogicalAnd", logicalOr: "LogicalOr" },
};

const reduceOps: Readonly<Record<string, string>> = {
  sum: "Sum",
  product: "Prod",
  max: "Max",
  min: "Min",
  mean: "Mean",
  any: "Any",
  all: "All",
};

const like = ({ shape, type }: TfValue) => ({ shape, type });

function known(call: TfCall, table: Readonly<Record<string, string>>): string {
  const op = call.word("op");
  const found = table[op];
  if (found) return found;
  throw new UnsupportedError(
    `exportTfjs: expected operations that TensorFlow.js has, got ${call.call.kernel} ${op}. Compute it outside the model.`,
  );
}

/** x · f(x)-like activations, of TensorFlow's operations. */
const composed: Readonly<Record<string, (call: TfCall, x: TfValue) => TfValue>> = {
  silu: (call, x) => call.node("Mul", [x, call.node("Sigmoid", [x], like(x))], like(x)),
  gelu: (call, x) => half(call, x, call.node("Erf", [call.node("Mul", [x, call.scalar(Math.SQRT1_2)], like(x))], like(x))),
  geluTanh: (call, x) => {
    const cube = call.node("Mul", [call.node("Square", [x], like(x)), x], like(x));
    const inner = call.node("AddV2", [x, call.node("Mul", [cube, call.scalar(0.044715)], like(x))], like(x));
    return half(call, x, call.node("Tanh", [call.node("Mul", [inner, call.scalar(Math.sqrt(2 / Math.PI))], like(x))], like(x)));
  },
};

/** x · (1 + gate) / 2 */
function half(call: TfCall, x: TfValue, gate: TfValue): TfValue {
  const open = call.node("AddV2", [gate, call.scalar(1)], like(x));
  return call.node("Mul", [call.node("Mul", [x, open], like(x)), call.scalar(0.5)], like(x));
}

export const tfRules: Readonly<Record<string, TfRule>> = {
  unary: (call) => {
    const x = call.read(0);
    const compose = composed[call.word("op")];
    if (compose) return compose(call, x);
    return call.node(known(call, unaryOps), [x], { shape: x.shape, type: call.word("op") === "isNaN" ? "bool" : x.type });
  },
  binary: (call) => {
    const [a, b] = [call.read(0), call.read(1)];
    if (call.word("op") === "divide" && a.type === "int32") {
      throw new UnsupportedError(
        "exportTfjs: expected divisions of floats, got one of int32: TensorFlow.js rounds it down, not towards 0. Cast to float32 before it.",
      );
    }
    return call.node(known(call, binaryOps), [a, b], { shape: call.dimensions("shape"), type: a.type });
  },
  compare: (call) => call.node(known(call, compareOps), [call.read(0), call.read(1)], { shape: call.dimensions("shape"), type: "bool" }),
  where: (call) => {
    const [condition, a, b] = [call.read(0), call.read(1), call.read(2)];
    return call.node("SelectV2", [condition, a, b], { shape: call.dimensions("shape"), type: a.type, attr: { T: typeOf(a.type) } });
  },
  cast: (call) => {
    const x = call.read(0);
    const type = call.word("dtype") === "int32" || call.word("dtype") === "bool" ? (call.word("dtype") as "int32" | "bool") : "float32";
    return call.node("Cast", [x], { shape: x.shape, type, attr: { SrcT: typeOf(x.type), DstT: typeOf(type) } });
  },
  fill: (call) => {
    const dtype = call.word("dtype");
    const type = dtype === "int32" || dtype === "bool" ? dtype : "float32";
    const shape = call.dimensions("shape");
    const value = call.scalar(call.number("value"), type);
    if (shape.length === 0) return value;
    const sizes = shape.map((size) => call.fixed(size, "shape"));
    return call.node("Fill", [call.integers(sizes), value], { shape, type, attr: { T: typeOf(type), index_type: typeOf("int32") } });
  },
  broadcast: (call) => {
    const x = call.read(0);
    const shape = call.dimensions("shape");
    const free = shape.some((size) => !isConstant(size));
    if (!free) return call.node("BroadcastTo", [x, call.integers(shape.map((size) => size[0]!))], { shape, type: x.type });
    // A free size is not known to the file; where x has it already, a sum with zeros stretches the rest.
    const missing = shape.length - x.shape.length;
    const covered = shape.every((size, i) => isConstant(size) || (i >= missing && sameDimension(size, x.shape[i - missing]!)));
    if (!covered || x.type !== "float32") {
      throw new UnsupportedError(
        `exportTfjs: expected broadcasts to fixed shapes, got one to [${shape.map((size) => (isConstant(size) ? size[0] : "free")).join(", ")}].`,
      );
    }
    const sizes = shape.map((size) => (isConstant(size) ? size[0]! : 1));
    const count = sizes.reduce((product, size) => product * size, 1);
    const zeros = call.lowering.graph.constant(
      `zeros_${sizes.join("_")}`,
      { shape: sizes, type: "float32", data: new Float32Array(count) },
      call.lowering.traces,
    );
    return call.node("AddV2", [x, zeros], { shape, type: x.type });
  },

  reduce: (call) => {
    const x = call.read(0);
    const [first, last] = call.axes(x.shape);
    const axes = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const one: Dimension = x.shape[0]!.map(() => 1);
    const shape = x.shape.map((size, axis) => (axes.includes(axis) ? one : size));
    return call.node(known(call, reduceOps), [x, call.integers(axes)], {
      shape,
      type: x.type,
      attr: { keep_dims: flag(true), Tidx: typeOf("int32") },
    });
  },
  argReduce: (call) => {
    const x = call.read(0);
    const axis = call.axis(x.shape);
    const op = call.word("op") === "max" ? "ArgMax" : "ArgMin";
    return call.node(op, [x, call.scalar(axis, "int32")], {
      shape: x.shape.filter((_, i) => i !== axis),
      type: "int32",
      attr: { output_type: typeOf("int32") },
    });
  },

  matmul: (call) => {
    const [a, b] = [call.read(0), call.read(1)];
    const [transposeA, transposeB] = [call.flag("transposeA"), call.flag("transposeB")];
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    const rows = a.shape.at(transposeA ? -1 : -2)!;
    let y: TfValue;
    if (b.shape.length === 2 && !transposeA) {
      // One matrix for all: the left ones are one tall matrix.
      const tall = a.shape.length === 2 ? a : call.reshape(a, [productOfLeading(a.shape), a.shape.at(-1)!]);
      const product = call.node("MatMul", [tall, b], {
        shape: [tall.shape[0]!, columns],
        type: a.type,
        attr: { transpose_a: flag(false), transpose_b: flag(transposeB) },
      });
      y = call.reshape(product, [...a.shape.slice(0, -1), columns]);
    } else {
      const batch = (a.shape.length >= b.shape.length ? a : b).shape.slice(0, -2);
      y = call.node("BatchMatMulV2", [a, b], {
        shape: [...batch, rows, columns],
        type: a.type,
        attr: { adj_x: flag(transposeA), adj_y: flag(transposeB) },
      });
    }
    return epilogue(call, y);
  },

  conv2d: (call) => {
    const groups = call.number("groups");
    const [inputs, outputs] = [call.number("inChannels"), call.number("outChannels")];
    const x = padded(call, call.read(0), 0);
    const weight = call.read(1);
    const shape = [call.dimension("batch"), call.dimension("outHeight"), call.dimension("outWidth"), call.dimension("outChannels")];
    const attr = { ...slides(call), dilations: wholes([1, call.number("dilationHeight"), call.number("dilationWidth"), 1]) };
    if (groups === 1) return epilogue(call, call.node("Conv2D", [x, weight], { shape, type: x.type, attr }));
    if (groups !== inputs)
      throw new UnsupportedError(
        `exportTfjs: expected convolutions of one group or one a channel, got ${groups} groups over ${inputs} channels.`,
      );
    // [kh, kw, 1, in · m] → [kh, kw, in, m]
    const size = (value: number): Dimension => x.shape[0]!.map(() => value);
    const depthwise = call.reshape(weight, [weight.shape[0]!, weight.shape[1]!, size(inputs), size(outputs / inputs)]);
    return epilogue(call, call.node("DepthwiseConv2dNative", [x, depthwise], { shape, type: x.type, attr }));
  },
  maxPool: (call) => pool(call, "MaxPool", -Infinity),
  averagePool: (call) => {
    const isPadded =
      call.number("padTop") + call.number("padLeft") > 0 ||
      (["Height", "Width"] as const).some((side) => call.overhang(side).some((over) => over > 0));
    if (isPadded && !call.flag("countPadding"))
      throw new UnsupportedError(
        "exportTfjs: expected average pools that count their padding, or have none, got one with padding left out.",
      );
    return pool(call, "AvgPool", 0);
  },

  softmax: (call) => call.node("Softmax", [call.read(0)], like(call.read(0))),
  logSoftmax: (call) => call.node("LogSoftmax", [call.read(0)], like(call.read(0))),
  layerNorm: (call) => {
    const x = call.read(0);
    const one: Dimension = x.shape[0]!.map(() => 1);
    const row = { shape: [...x.shape.slice(0, -1), one], type: x.type, attr: { keep_dims: flag(true), Tidx: typeOf("int32") } };
    const axis = call.integers([x.shape.length - 1]);
    const centred = call.node("Sub", [x, call.node("Mean", [x, axis], row)], like(x));
    const variance = call.node("Mean", [call.node("Square", [centred], like(x)), axis], row);
    const scale = call.node("Rsqrt", [call.node("AddV2", [variance, call.scalar(call.number("epsilon"))], like(variance))], like(variance));
    const normal = call.node("Mul", [centred, scale], like(x));
    return call.node("AddV2", [call.node("Mul", [normal, call.read(1)], like(x)), call.read(2)], like(x));
  },

  transpose: (call) => {
    const x = call.read(0);
    const permutation = call.numbers("permutation");
    return call.node("Transpose", [x, call.integers(permutation)], {
      shape: permutation.map((axis) => x.shape[axis]!),
      type: x.type,
      attr: { Tperm: typeOf("int32") },
    });
  },
  slice: (call) => {
    const x = call.read(0);
    const [starts, sizes, steps] = [call.numbers("starts"), call.dimensions("sizes"), call.numbers("steps")];
    // −1 takes what is left: a free size is taken whole, or to its end.
    const counts = sizes.map((size, axis) => {
      const left = x.shape[axis]!.map((length) => length - starts[axis]!);
      return isConstant(size) ? size[0]! : sameDimension(size, left) ? -1 : call.fixed(size, "sizes");
    });
    if (steps.every((step) => step === 1)) {
      return call.node("Slice", [x, call.integers(starts), call.integers(counts)], {
        shape: sizes,
        type: x.type,
        attr: { Index: typeOf("int32") },
      });
    }
    const ends = counts.map((count, axis) => (count === -1 ? 0 : starts[axis]! + (count - 1) * steps[axis]! + 1));
    const mask = counts.reduce((bits, count, axis) => (count === -1 ? bits | (1 << axis) : bits), 0);
    const masks = {
      begin_mask: whole(0),
      end_mask: whole(mask),
      ellipsis_mask: whole(0),
      new_axis_mask: whole(0),
      shrink_axis_mask: whole(0),
    };
    const inputs = [x, call.integers(starts), call.integers(ends), call.integers(steps)];
    return call.node("StridedSlice", inputs, { shape: sizes, type: x.type, attr: { ...masks, Index: typeOf("int32") } });
  },
  pad: (call) => {
    const x = call.read(0);
    if (call.numbers("between").some((gap) => gap !== 0))
      throw new UnsupportedError("exportTfjs: expected padding around elements, got padding between them.");
    return around(call, x, { before: call.numbers("before"), after: call.numbers("after"), value: call.number("value") });
  },
  concat: (call) => {
    const parts = call.call.readings.map((_, i) => call.read(i));
    const first = parts[0]!;
    const lengths = call.dimensions("lengths");
    const axis = call.axis(first.shape, { outer: call.dimension("outer"), length: lengths[0]!, inner: call.dimension("inner") });
    const total = lengths[0]!.map((_, trace) => lengths.reduce((sum, length) => sum + length[trace]!, 0));
    return call.node("ConcatV2", [...parts, call.scalar(axis, "int32")], {
      shape: first.shape.map((size, i) => (i === axis ? total : size)),
      type: first.type,
      attr: { N: whole(parts.length), Tidx: typeOf("int32") },
    });
  },
  gather: (call) => {
    const [x, indices] = [call.read(0), call.read(1)];
    const axis = call.axis(x.shape);
    return call.node("GatherV2", [x, indices, call.scalar(axis, "int32")], {
      shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)],
      type: x.type,
      attr: { Taxis: typeOf("int32"), Tindices: typeOf("int32"), Tparams: typeOf(x.type) },
    });
  },
};

function productOfLeading(shape: readonly Dimension[]): Dimension {
  return shape[0]!.map((_, trace) => shape.slice(0, -1).reduce((product, size) => product * size[trace]!, 1));
}

/** The bias and the activation of a product or a convolution. */
function epilogue(call: TfCall, product: TfValue): TfValue {
  const y = call.call.readings.length > 2 ? call.node("AddV2", [product, call.read(2)], like(product)) : product;
  return call.word("activation") === "relu" ? call.node("Relu", [y], like(y)) : y;
}

function slides(call: TfCall) {
  return {
    strides: wholes([1, call.number("strideHeight"), call.number("strideWidth"), 1]),
    padding: word("VALID"),
    data_format: word("NHWC"),
  };
}

function pool(call: TfCall, op: string, value: number): TfValue {
  if (call.number("dilationHeight") !== 1 || call.number("dilationWidth") !== 1) {
    throw new UnsupportedError("exportTfjs: expected pools without dilation, got one with.");
  }
  const x = padded(call, call.read(0), value);
  const shape = [call.dimension("batch"), call.dimension("outHeight"), call.dimension("outWidth"), call.dimension("channels")];
  const ksize = wholes([1, call.number("kernelHeight"), call.number("kernelWidth"), 1]);
  return call.node(op, [x], { shape, type: x.type, attr: { ...slides(call), ksize } });
}

/** The image with what its windows need around it. TensorFlow's own "SAME" shares it out differently from a padding given in numbers. */
function padded(call: TfCall, x: TfValue, value: number): TfValue {
  const after = (["Height", "Width"] as const).map((side) => Math.max(0, call.fixed(call.overhang(side), "padding")));
  return around(call, x, { before: [0, call.number("padTop"), call.number("padLeft"), 0], after: [0, after[0]!, after[1]!, 0], value });
}

function around(
  call: TfCall,
  x: TfValue,
  { before, after, value }: { before: readonly number[]; after: readonly number[]; value: number },
): TfValue {
  if ([...before, ...after].every((count) => count === 0)) return x;
  const amounts = call.lowering.graph.constant(
    `padding_${before.map((count, axis) => `${count}_${after[axis]}`).join("_")}`,
    { shape: [before.length, 2], type: "int32", data: before.flatMap((count, axis) => [count, after[axis]!]) },
    call.lowering.traces,
  );
  const shape = x.shape.map((size, axis) => size.map((length) => length + before[axis]! + after[axis]!));
  return call.node("PadV2", [x, amounts, call.scalar(value, x.type)], { shape, type: x.type, attr: { Tpaddings: typeOf("int32") } });
}
