/** An ONNX graph as it is written: nodes, constants, and sizes that are computed while the model runs. */

import { UnsupportedError } from "@dl/core";
import { type Dimension, type DimensionFormula, formulaOf, isConstant, type SymbolSizes, sameDimension } from "../trace/dimension.ts";
import type { Attribute, OnnxNode, OnnxTensor, OnnxType } from "./onnx-file.ts";

/** A value in the graph, with its symbolic shape. */
export interface Value {
  readonly name: string;
  readonly shape: readonly Dimension[];
  readonly type: OnnxType;
}

/** What a node makes. */
export interface NodeForm {
  readonly shape: readonly Dimension[];
  readonly type: OnnxType;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** Where a free size can be read: an axis of an input. */
export interface SizePlace {
  readonly input: string;
  readonly axis: number;
}

export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Map<string, OnnxTensor> = new Map();
  readonly #symbols: readonly SymbolSizes[];
  readonly #places: readonly SizePlace[];
  /** Names of inputs and outputs. */
  readonly #reserved: ReadonlySet<string>;
  /** Constants, sizes and shapes by what they are. */
  readonly #known = new Map<string, string>();
  /** Sizes without a formula, such as those of a strided convolution: read off the value that has them. */
  readonly #measured: { readonly dimension: Dimension; readonly value: string; readonly axis: number }[] = [];

  constructor(symbols: readonly SymbolSizes[], { places, reserved }: { places: readonly SizePlace[]; reserved: Iterable<string> }) {
    this.#symbols = symbols;
    this.#places = places;
    this.#reserved = new Set(reserved);
  }

  /** A dimension that is `value` in every trace. */
  fixed(value: number): Dimension {
    return Array.from({ length: Math.max(1, this.#symbols[0]?.sizes.length ?? 1) }, () => value);
  }

  /** A node with one result. */
  node(type: string, inputs: readonly (Value | string)[], { shape, type: element, attributes = {} }: NodeForm): Value {
    const name = `${type}_${this.nodes.length}`;
    this.nodes.push({
      type,
      name,
      inputs: inputs.map((input) => (typeof input === "string" ? input : input.name)),
      outputs: [name],
      attributes,
    });
    const value: Value = { name, shape, type: element };
    shape.forEach((dimension, axis) => {
      if (isConstant(dimension) || formulaOf(dimension, this.#symbols) || this.#measuredAt(dimension)) return;
      this.#measured.push({ dimension, value: name, axis });
    });
    return value;
  }

  /** A node with several results. */
  results(
    type: string,
    inputs: readonly (Value | string)[],
    forms: readonly NodeForm[],
    attributes: Readonly<Record<string, Attribute>>,
  ): Value[] {
    const [first, ...more] = forms as readonly [NodeForm, ...NodeForm[]];
    const value = this.node(type, inputs, { ...first, attributes });
    const others = more.map(({ shape, type }, i): Value => ({ name: `${value.name}.${i + 1}`, shape, type }));
    const node = this.nodes.pop()!;
    this.nodes.push({ ...node, outputs: [value.name, ...others.map(({ name }) => name)] });
    return [value, ...others];
  }

  /** A node whose results are only names: shape arithmetic. */
  #plain(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const name = `${type}_${this.nodes.length}`;
    this.nodes.push({ type, name, inputs, outputs: [name], attributes });
    return name;
  }

  /** An initializer under `name`, or under `name.2` … if that is taken. */
  initializer(name: string, tensor: OnnxTensor): Value {
    let free = name;
    for (let i = 2; this.initializers.has(free) || this.#reserved.has(free); i++) free = `${name}.${i}`;
    this.initializers.set(free, tensor);
    return { name: free, shape: tensor.shape.map((size) => this.fixed(size)), type: tensor.type };
  }

  /** One number, as a scalar. */
  scalar(value: number, type: "float32" | "int32" | "bool" | "int8" | "uint8" = "float32"): Value {
    const key = `scalar ${type} ${Object.is(value, -0) ? "-0" : value}`;
    const bytes = elementBytes([value], type);
    return {
      name: this.#once(key, () => this.initializer(`scalar_${this.initializers.size}`, { type, shape: [], bytes }).name),
      shape: [],
      type,
    };
  }

  /** Whole numbers known now, as int64 `[n]`. */
  integers(values: readonly (number | bigint)[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
    const tensor = { type: "int64", shape: [values.length], bytes } as const;
    return this.#once(`integers ${values.join()}`, () => this.initializer(`integers_${this.initializers.size}`, tensor).name);
  }

  /** A size, as int64 `[1]`: a constant, or computed from the inputs' sizes. */
  size(dimension: Dimension): string {
    if (isConstant(dimension)) return this.integers([dimension[0]!]);
    return this.#once(`size ${dimension.join()}`, () => {
      const formula = formulaOf(dimension, this.#symbols);
      if (formula) return this.#computed(formula);
      const measured = this.#measuredAt(dimension);
      if (measured) return this.#axisOf(measured.value, measured.axis);
      throw new UnsupportedError(
        `exportOnnx: expected sizes that follow from ${this.#symbols.map(({ name }) => name).join(", ")} by sums and products, got ${dimension.join(", ")} in traces at ${this.#symbols.map(({ name, sizes }) => `${name} ${sizes.join(", ")}`).join("; ")}. Give that axis a fixed size.`,
      );
    });
  }

  /** Several sizes, as int64 `[n]`. */
  sizes(dimensions: readonly Dimension[]): string {
    return this.vector(dimensions.map((dimension) => (isConstant(dimension) ? dimension[0]! : dimension)));
  }

  /** Numbers and sizes, as int64 `[n]`. */
  vector(items: readonly (number | Dimension)[]): string {
    if (items.every((item): item is number => typeof item === "number")) return this.integers(items);
    const key = `vector ${items.map((item) => (typeof item === "number" ? item : `(${item.join()})`)).join()}`;
    return this.#once(key, () => {
      const parts = items.map((item) => (typeof item === "number" ? this.integers([item]) : this.size(item)));
      return parts.length === 1 ? parts[0]! : this.#plain("Concat", parts, { axis: 0 });
    });
  }

  /** `value` under another shape of as many elements. */
  reshape(value: Value, shape: readonly Dimension[]): Value {
    if (shape.length === value.shape.length && shape.every((size, i) => sameDimension(size, value.shape[i]!))) return value;
    const key = `reshape ${value.name} ${shape.map((size) => size.join()).join(";")}`;
    const name = this.#once(key, () => this.node("Reshape", [value, this.#target(value, shape)], { shape, type: value.type }).name);
    return { name, shape, type: value.type };
  }

  /** The shape for Reshape: numbers, 0 for a size that stays in its place, and −1 for one that follows from the others. */
  #target(value: Value, shape: readonly Dimension[]): string {
    const items: (number | Dimension)[] = shape.map((size, i) => {
      if (isConstant(size)) return size[0]!;
      return i < value.shape.length && sameDimension(size, value.shape[i]!) ? 0 : size;
    });
    const open = items.flatMap((item, i) => (typeof item === "number" ? [] : [i]));
    // The one that is hardest to compute.
    const inferred = open.find((i) => formulaOf(shape[i]!, this.#symbols) === undefined) ?? open[0];
    if (inferred !== undefined) items[inferred] = -1;
    return this.vector(items);
  }

  /** Σ factor · Π symbols as nodes. */
  #computed(formula: DimensionFormula): string {
    const divisor = [1, 2, 3, 4, 6, 8, 12, 16, 32, 64].find((whole) =>
      formula.every(({ factor }) => Number.isInteger(Math.round(factor * whole * 1e4) / 1e4)),
    );
    if (divisor === undefined)
      throw new UnsupportedError("exportOnnx: expected sizes of whole numbers, got fractions. Give that axis a fixed size.");
    const terms = formula.map(({ factor, symbols }) => {
      const names = symbols.map((i) => this.#symbolSize(i));
      const whole = Math.round(factor * divisor);
      if (whole !== 1 || names.length === 0) names.push(this.integers([whole]));
      return names.reduce((a, b) => this.#plain("Mul", [a, b]));
    });
    const total = terms.reduce((a, b) => this.#plain("Add", [a, b]));
    return divisor === 1 ? total : this.#plain("Div", [total, this.integers([divisor])]);
  }

  #symbolSize(symbol: number): string {
    const { input, axis } = this.#places[symbol]!;
    return this.#once(`symbol ${symbol}`, () => this.#axisOf(input, axis));
  }

  #axisOf(value: string, axis: number): string {
    const shape = this.#once(`shape ${value}`, () => this.#plain("Shape", [value]));
    return this.#plain("Gather", [shape, this.integers([axis])], { axis: 0 });
  }

  #measuredAt(dimension: Dimension): { readonly value: string; readonly axis: number } | undefined {
    return this.#measured.find((one) => sameDimension(one.dimension, dimension));
  }

  #once(key: string, make: () => string): string {
    let name = this.#known.get(key);
    if (name === undefined) {
      name = make();
      this.#known.set(key, name);
    }
    return name;
  }
}

/** Little-endian bytes of numbers. */
export function elementBytes(values: ArrayLike<number>, type: "float32" | "int32" | "bool" | "int8" | "uint8"): Uint8Array {
  const typed = { float32: Float32Array, int32: Int32Array, bool: Uint8Array, int8: Int8Array, uint8: Uint8Array }[type].from(values);
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}
