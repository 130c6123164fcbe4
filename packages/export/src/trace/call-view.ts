/** One recorded call as the rules of a format see it: its settings, and the axes it worked along. */

import { UnsupportedError } from "@dl/core";
import { type Dimension, isConstant, productOf, sameDimension } from "./dimension.ts";
import type { SymbolicCall } from "./symbolic-graph.ts";

export abstract class CallView {
  readonly call: SymbolicCall;
  readonly #traces: number;

  constructor(call: SymbolicCall, traces: number) {
    this.call = call;
    this.#traces = traces;
  }

  word(name: string): string {
    return String(this.call.settings[name]);
  }

  flag(name: string): boolean {
    return this.call.settings[name] === true;
  }

  /** A number that may depend on free sizes. */
  dimension(name: string): Dimension {
    return this.call.settings[name] as Dimension;
  }

  /** A list of numbers that may. */
  dimensions(name: string): readonly Dimension[] {
    return this.call.settings[name] as readonly Dimension[];
  }

  /** A number that must not. */
  number(name: string): number {
    return this.fixed(this.dimension(name), name);
  }

  numbers(name: string): number[] {
    return this.dimensions(name).map((value) => this.fixed(value, name));
  }

  fixed(value: Dimension, name: string): number {
    // A NaN is a constant too.
    if (isConstant(value) || value.every(Number.isNaN)) return value[0]!;
    throw new UnsupportedError(
      `export: expected ${name} of ${this.call.kernel} to be the same at all sizes, got ${value.join(", ")}. Give the axis it depends on a fixed size.`,
    );
  }

  /** The axes `[first, last]` of `shape` that the kernel saw as `[outer, length, inner]`. */
  axes(
    shape: readonly Dimension[],
    { outer, length, inner }: { outer: Dimension; length: Dimension; inner: Dimension } = {
      outer: this.dimension("outer"),
      length: this.dimension("length"),
      inner: this.dimension("inner"),
    },
  ): [number, number] {
    // One axis if one does; else a run of them.
    for (let span = 1; span <= shape.length; span++) {
      for (let first = 0; first + span <= shape.length; first++) {
        const parts = [shape.slice(0, first), shape.slice(first, first + span), shape.slice(first + span)];
        const [before, within, after] = parts.map((part) => productOf(part, this.#traces)) as [Dimension, Dimension, Dimension];
        if (sameDimension(before, outer) && sameDimension(within, length) && sameDimension(after, inner)) return [first, first + span - 1];
      }
    }
    throw new UnsupportedError(
      `export: expected ${this.call.kernel} along axes of [${shape.map((size) => size[0]).join(", ")}], got [${outer[0]}, ${length[0]}, ${inner[0]}].`,
    );
  }

  /** The one axis that the kernel worked along. */
  axis(shape: readonly Dimension[], view?: { outer: Dimension; length: Dimension; inner: Dimension }): number {
    const [first, last] = this.axes(shape, view);
    if (first !== last) throw new UnsupportedError(`export: expected ${this.call.kernel} along one axis, got several.`);
    return first;
  }

  /** What a window hangs over the end of an image along one side, at all sizes; below 0, what no window reaches. */
  overhang(side: "Height" | "Width"): Dimension {
    const before = this.number(side === "Height" ? "padTop" : "padLeft");
    const [kernel, stride, dilation] = ["kernel", "stride", "dilation"].map((name) => this.number(`${name}${side}`)) as [
      number,
      number,
      number,
    ];
    const [outputs, length] = [this.dimension(`out${side}`), this.dimension(side.toLowerCase())];
    return outputs.map((count, trace) => (count - 1) * stride + (kernel - 1) * dilation + 1 - before - length[trace]!);
  }
}
