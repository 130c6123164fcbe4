/** A TensorFlow.js graph model as it is written. github.com/tensorflow/tfjs, tfjs-converter/src/data/compiled_api.ts */

import { UnsupportedError } from "@dl/core";
import { type Dimension, isConstant, sameDimension } from "../trace/dimension.ts";

/** TensorFlow's names of our types. */
export const tfTypes = { float32: "DT_FLOAT", int32: "DT_INT32", bool: "DT_BOOL" } as const;

export type TfType = keyof typeof tfTypes;

export interface TfValue {
  readonly name: string;
  readonly shape: readonly Dimension[];
  readonly type: TfType;
}

export interface TfWeight {
  readonly shape: readonly number[];
  readonly type: TfType;
  readonly data: ArrayLike<number>;
}

/** An attribute as JSON has it; words are in base64. */
export type TfAttribute =
  | { readonly type: string }
  | { readonly s: string }
  | { readonly b: boolean }
  | { readonly i: string }
  | { readonly list: { readonly i: readonly string[] } };

export interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, TfAttribute>>;
}

export const word = (value: string): TfAttribute => ({ s: btoa(value) });
export const flag = (value: boolean): TfAttribute => ({ b: value });
export const whole = (value: number): TfAttribute => ({ i: String(value) });
export const wholes = (values: readonly number[]): TfAttribute => ({ list: { i: values.map(String) } });
export const typeOf = (type: TfType): TfAttribute => ({ type: tfTypes[type] });

export class TfGraph {
  readonly nodes: TfNode[] = [];
  readonly weights: Map<string, TfWeight> = new Map();

  node(op: string, inputs: readonly TfValue[], form: { shape: readonly Dimension[]; type: TfType; attr?: TfNode["attr"] }): TfValue {
    const name = `${op}_${this.nodes.length}`;
    const attr = { T: typeOf(inputs[0]?.type ?? form.type), ...form.attr };
    this.nodes.push({ name, op, input: inputs.map((input) => input.name), attr });
    return { name, shape: form.shape, type: form.type };
  }

  /** A constant; one that is there already is not stored twice. */
  constant(name: string, weight: TfWeight, traces: number): TfValue {
    if (!this.weights.has(name)) {
      this.weights.set(name, weight);
      this.nodes.push({ name, op: "Const", input: [], attr: { dtype: typeOf(weight.type) } });
    }
    return { name, type: weight.type, shape: weight.shape.map((size) => Array.from({ length: traces }, () => size)) };
  }

  /** Whole numbers as a tensor. */
  integers(values: readonly number[], traces: number): TfValue {
    return this.constant(
      `integers_${values.join("_").replaceAll("-", "m")}`,
      { shape: [values.length], type: "int32", data: values },
      traces,
    );
  }

  scalar(value: number, type: TfType, traces: number): TfValue {
    const name = `scalar_${type}_${String(value).replace(/[^\w]/g, (sign) => (sign === "-" ? "m" : "p"))}`;
    return this.constant(name, { shape: [], type, data: [value] }, traces);
  }

  reshape(value: TfValue, shape: readonly Dimension[], traces: number): TfValue {
    if (shape.length === value.shape.length && shape.every((size, i) => sameDimension(size, value.shape[i]!))) return value;
    const target = shape.map((size) => (isConstant(size) ? size[0]! : -1));
    if (target.filter((size) => size === -1).length > 1) {
      throw new UnsupportedError(
        `exportTfjs: expected shapes with one free size, got [${shape.map((size) => (isConstant(size) ? size[0] : "free")).join(", ")}]. Leave the batch free alone.`,
      );
    }
    return this.node("Reshape", [value, this.integers(target, traces)], { shape, type: value.type, attr: { Tshape: typeOf("int32") } });
  }
}
