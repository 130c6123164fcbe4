/** Takes the traces of a model's forward pass, at several sizes of its inputs. */

import {
  allocate,
  DlError,
  type DType,
  DtypeError,
  type HostTensor,
  OptionError,
  openDevice,
  sizeOf,
  Tensor,
  type TypedArray,
  tensor,
} from "@dl/core";
import type { Module } from "@dl/nn";
import { type Dimension, formulaOf, isConstant, type SymbolSizes, tracePoints } from "./dimension.ts";
import { progressionOf } from "./progression.ts";
import type { Trace, TraceBuffer, Use } from "./recorded-call.ts";
import { mergeTraces, type SymbolicGraph } from "./symbolic-graph.ts";
import { withRecurrentCalls } from "./trace-recurrent.ts";
import { TraceRecorder, tracing } from "./tracing-device.ts";

/** One input of the forward pass. */
export interface InputSpec {
  /** Numbers, and names for sizes that stay free: `["batch", 28, 28, 1]`. Equal names are equal sizes. */
  readonly shape: readonly (number | string)[];
  /** Default `float32`. */
  readonly dtype?: "float32" | "int32" | "bool";
}

/** What the forward pass is given. */
export type InputTensors<I> = { readonly [K in keyof I]: Tensor };

export interface TraceModelOptions<I extends Readonly<Record<string, InputSpec>>> {
  inputs: I;
  /** The forward pass, in inference: one tensor, or tensors by name. */
  forward: (inputs: InputTensors<I>) => Tensor | Readonly<Record<string, Tensor>>;
  /**
   * Largest sizes of free axes, by name, for models with tables that grow with them and are stored whole: masks by distance, sines. Other
   * models take any size. Default 512.
   */
  largest?: Readonly<Record<string, number>>;
}

export interface TracedModel {
  readonly graph: SymbolicGraph;
  /** A trace at the largest sizes of the axes that constants grow with; undefined when none does. */
  readonly largest: Trace | undefined;
  /** Sizes of the inputs, by name. */
  readonly inputs: ReadonlyMap<string, readonly Dimension[]>;
  /** Every cell of the model, by path. */
  readonly cells: ReadonlyMap<string, HostCell>;
}

/** A parameter or buffer, as it stands. */
export interface HostCell {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** Outside `compute`. The model's weights come to the host for it, and move back to a device when they are used there. */
export async function traceModel<I extends Readonly<Record<string, InputSpec>>>(
  model: Module,
  options: TraceModelOptions<I>,
): Promise<TracedModel> {
  const { inputs, largest = {} } = options;
  const names = freeSizes(inputs);
  for (const [name, size] of Object.entries(largest)) {
    if (!names.includes(name)) {
      throw new OptionError(
        `export: expected largest sizes of ${names.join(", ") || "no axes"}, got one of ${JSON.stringify(name)}. Name it in a shape.`,
      );
    }
    if (!Number.isInteger(size) || size < 1) throw new OptionError(`export: expected a whole largest size ≥ 1 of ${name}, got ${size}.`);
  }
  const cells = await hostCells(model);
  const paths = new Map([...cells].map(([path, { data }]) => [data, path]));
  const points = tracePoints(names.length);
  try {
    const traces: Trace[] = [];
    for (const sizes of points) traces.push(await traceAt(model, options, { names, sizes, cells }));
    const symbols = names.map((name, i): SymbolSizes => ({ name, sizes: points.map((point) => point[i]!) }));
    const graph = mergeTraces(traces, { symbols, paths });
    const inputSizes = new Map(
      Object.entries(inputs).map(([name, { shape }]) => [
        name,
        shape.map((size): Dimension => points.map((point) => (typeof size === "number" ? size : point[names.indexOf(size)]!))),
      ]),
    );
    const traced = { graph, cells, inputs: inputSizes };
    const growing = growingSymbols(graph);
    if (growing.size === 0) return { ...traced, largest: undefined };
    const sizes = names.map((name, i) => (growing.has(i) ? Math.max(largest[name] ?? 512, ...symbols[i]!.sizes) : points[0]![i]!));
    return { ...traced, largest: await traceAt(model, options, { names, sizes, cells }) };
  } finally {
    restore(model, cells);
  }
}

/** The cells' values on the host, each an array of its own, so that equal ones are told apart. */
async function hostCells(model: Module): Promise<Map<string, HostCell>> {
  const cells = new Map<string, HostCell>();
  const seen = new Set<TypedArray>();
  for (const [path, cell] of model.state()) {
    const { shape, dtype, data } = await cell.read();
    const own = seen.has(data) ? (data.slice() as TypedArray) : data;
    seen.add(own);
    cells.set(path, { shape, dtype, data: own });
  }
  restore(model, cells);
  return cells;
}

/** Tracing moves cells to its device, which closes. */
function restore(model: Module, cells: ReadonlyMap<string, HostCell>): void {
  for (const [path, cell] of model.state()) cell.load(cells.get(path) as HostTensor);
}

async function traceAt<I extends Readonly<Record<string, InputSpec>>>(
  model: Module,
  { inputs, forward }: TraceModelOptions<I>,
  { names, sizes, cells }: { names: readonly string[]; sizes: readonly number[]; cells: ReadonlyMap<string, HostCell> },
): Promise<Trace> {
  const recorder = new TraceRecorder();
  await using device = await openDevice(tracing(recorder, new Set([...cells.values()].map(({ data }) => data))));
  let outputs = new Map<string, Use>();
  try {
    device.computeSync(() => {
      const tensors = Object.entries(inputs).map(([name, spec]) => [name, inputTensor(name, spec, { recorder, names, sizes })]);
      const named = Object.fromEntries(tensors) as InputTensors<I>;
      outputs = outputsOf(withRecurrentCalls(model, recorder, () => forward(named)));
    });
  } catch (error) {
    if (error instanceof DlError && names.length > 0) {
      error.message += ` (In a trace at ${names.map((name, i) => `${name} ${sizes[i]}`).join(", ")}; free axes are tried at sizes to 40, and at \`largest\`.)`;
    }
    throw error;
  }
  restore(model, cells);
  return { calls: recorder.calls, outputs };
}

/** The free sizes that tables of the forward pass grow with. */
function growingSymbols({ calls, outputs, symbols }: SymbolicGraph): Set<number> {
  const growing = new Set<number>();
  for (const { source, shape } of [...calls.flatMap(({ readings }) => readings), ...outputs.values()]) {
    if (source.kind !== "constant" || progressionOf(source.data)) continue;
    for (const size of shape) {
      for (const { symbols: factors } of isConstant(size) ? [] : (formulaOf(size, symbols) ?? [])) for (const i of factors) growing.add(i);
    }
  }
  return growing;
}

/** Names of free sizes, in the order they come. */
function freeSizes(inputs: Readonly<Record<string, InputSpec>>): string[] {
  const entries = Object.entries(inputs);
  if (entries.length === 0) throw new OptionError("export: expected at least one input, got none.");
  for (const [name, { shape }] of entries) {
    const wrong = shape.find((size) => (typeof size === "number" ? !Number.isInteger(size) || size < 1 : !/^[A-Za-z_]\w*$/.test(size)));
    if (wrong !== undefined)
      throw new OptionError(`export: expected whole sizes ≥ 1 and names in the shape of ${name}, got ${JSON.stringify(wrong)}.`);
  }
  const names = [...new Set(entries.flatMap(([, { shape }]) => shape.filter((size): size is string => typeof size === "string")))];
  if (names.length > 4) throw new OptionError(`export: expected at most 4 free sizes, got ${names.join(", ")}.`);
  return names;
}

function inputTensor(
  name: string,
  { shape, dtype = "float32" }: InputSpec,
  { recorder, names, sizes }: { recorder: TraceRecorder; names: readonly string[]; sizes: readonly number[] },
): Tensor {
  const at = shape.map((size) => (typeof size === "number" ? size : sizes[names.indexOf(size)]!));
  recorder.expectUpload({ kind: "input", name });
  return tensor({ shape: at, dtype, data: allocate(dtype, sizeOf(at)) }, { dtype });
}

function outputsOf(result: unknown): Map<string, Use> {
  const named = result instanceof Tensor ? { output: result } : (result as Readonly<Record<string, Tensor>>);
  const entries = typeof named === "object" && named !== null ? Object.entries(named) : [];
  if (entries.length === 0 || entries.some(([, value]) => !(value instanceof Tensor))) {
    throw new DtypeError(
      "export: expected forward to return a tensor, or an object of tensors, got something else. Pick the tensors out of it.",
    );
  }
  return new Map(
    entries.map(([name, tensor]) => [name, { buffer: tensor.buffer as TraceBuffer, shape: tensor.shape, dtype: tensor.dtype }]),
  );
}
