/** Several traces of one forward pass laid on each other: each number is the list of its values. */

import { type DType, type TypedArray, UnsupportedError } from "@dl/core";
import type { Dimension, SymbolSizes } from "./dimension.ts";
import type { RecordedCall, Setting, Trace, TraceBuffer, Use } from "./recorded-call.ts";

/** A buffer as it was read, with symbolic sizes. */
export interface Reading {
  readonly source: Source;
  readonly shape: readonly Dimension[];
  readonly dtype: DType;
}

/** Where a value comes from. */
export type Source =
  | { readonly kind: "call"; readonly call: number; readonly result: number }
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "cell"; readonly path: string; readonly data: TypedArray }
  | { readonly kind: "constant"; readonly number: number /** In each trace. */; readonly data: readonly TypedArray[] };

/** A setting of a kernel: words are equal in all traces, numbers may depend on sizes. */
export type SymbolicSetting = string | boolean | undefined | Dimension | readonly Dimension[];

export interface SymbolicCall {
  readonly kernel: string;
  readonly readings: readonly Reading[];
  readonly settings: Readonly<Record<string, SymbolicSetting>>;
}

export interface SymbolicGraph {
  readonly symbols: readonly SymbolSizes[];
  readonly traces: number;
  readonly calls: readonly SymbolicCall[];
  readonly outputs: ReadonlyMap<string, Reading>;
}

/**
 * @param paths  The cells' names, by their host data.
 * @throws UnsupportedError when the traces are not of one program: a loop over a size that was to be free.
 */
export function mergeTraces(
  traces: readonly Trace[],
  { symbols, paths }: { symbols: readonly SymbolSizes[]; paths: ReadonlyMap<TypedArray, string> },
): SymbolicGraph {
  const [first] = traces as readonly [Trace, ...Trace[]];
  const free = symbols.map(({ name }) => name).join(", ");
  const differs = (i: number): never => {
    const kernels = [...new Set(traces.map(({ calls }) => calls[i]?.kernel ?? "the end"))].join(" or ");
    throw new UnsupportedError(
      `export: expected one program for all sizes of ${free}, got another for other sizes (at kernel ${i}: ${kernels}). The forward pass loops over one of them, or decides by it: give that axis a fixed size.`,
    );
  };
  const calls = first.calls.map((call, i): SymbolicCall => {
    const all = traces.map((trace) => trace.calls[i]);
    if (!all.every((other): other is RecordedCall => other?.kernel === call.kernel && other.uses.length === call.uses.length))
      return differs(i);
    const readings = call.uses.map((_, j) =>
      mergeUses(
        all.map(({ uses }) => uses[j]!),
        { paths, differs: () => differs(i) },
      ),
    );
    const settings = Object.fromEntries(
      Object.keys(call.settings).map((name) => [
        name,
        mergeSettings(
          all.map(({ settings }) => settings[name]),
          () => differs(i),
        ),
      ]),
    );
    return { kernel: call.kernel, readings, settings };
  });
  const longer = traces.find((trace) => trace.calls.length !== first.calls.length);
  if (longer) differs(Math.min(longer.calls.length, first.calls.length));
  const outputs = new Map(
    [...first.outputs.keys()].map((name) => {
      const uses = traces.map(({ outputs }) => outputs.get(name) ?? differs(calls.length));
      return [name, mergeUses(uses, { paths, differs: () => differs(calls.length) })] as const;
    }),
  );
  return { symbols, traces: traces.length, calls, outputs };
}

function mergeUses(uses: readonly Use[], { paths, differs }: { paths: ReadonlyMap<TypedArray, string>; differs: () => never }): Reading {
  const [first] = uses as readonly [Use, ...Use[]];
  if (uses.some(({ shape, dtype }) => shape.length !== first.shape.length || dtype !== first.dtype)) differs();
  const shape = first.shape.map((_, axis) => uses.map((use) => use.shape[axis]!));
  return {
    source: mergeBuffers(
      uses.map(({ buffer }) => buffer),
      { paths, differs },
    ),
    shape,
    dtype: first.dtype,
  };
}

function mergeBuffers(
  buffers: readonly TraceBuffer[],
  { paths, differs }: { paths: ReadonlyMap<TypedArray, string>; differs: () => never },
): Source {
  const origins = buffers.map(({ origin }) => origin);
  const first = origins[0]!;
  if (origins.some((origin) => identity(origin, paths) !== identity(first, paths))) differs();
  if (first.kind === "cell") return { kind: "cell", path: paths.get(first.data)!, data: first.data };
  if (first.kind !== "constant") return first;
  return { kind: "constant", number: first.number, data: origins.map((origin) => (origin as typeof first).data) };
}

function identity(origin: TraceBuffer["origin"], paths: ReadonlyMap<TypedArray, string>): string {
  if (origin.kind === "call") return `call ${origin.call} ${origin.result}`;
  if (origin.kind === "input") return `input ${origin.name}`;
  return origin.kind === "cell" ? `cell ${paths.get(origin.data)}` : `constant ${origin.number}`;
}

function mergeSettings(values: readonly Setting[], differs: () => never): SymbolicSetting {
  const [first] = values;
  if (typeof first === "number") return values as readonly number[];
  if (Array.isArray(first)) {
    const lists = values as readonly (readonly number[])[];
    if (lists.some((list) => list.length !== first.length)) differs();
    return first.map((_, i) => lists.map((list) => list[i]!));
  }
  if (values.some((value) => value !== first)) differs();
  return first as string | boolean | undefined;
}
