/**
 * Recurrent layers as one call each: their loop over time would be as many kernels as there are steps, and the number of steps is free.
 */

import { allocate, narrow, OptionError, type Shape, sizeOf, squeeze, stack, type Tensor, tensor } from "@dl/core";
import {
  GruCell,
  LstmCell,
  type Mode,
  type Module,
  Recurrent,
  type RecurrentCell,
  type RecurrentResult,
  type RecurrentState,
  RnnCell,
} from "@dl/nn";
import type { TraceRecorder } from "./tracing-device.ts";

/** `work`, in which the recurrent layers of `model` are written down whole. */
export function withRecurrentCalls<T>(model: Module, recorder: TraceRecorder, work: () => T): T {
  const restore: (() => void)[] = [];
  for (const module of model.modules.values()) {
    if (!(module instanceof Recurrent)) continue;
    const inner = module.forward;
    const put = (value: unknown): void => {
      // As the base constructor defines it: fields are the registry of a module, and this is not one of them.
      Object.defineProperty(module, "forward", { value, enumerable: false, configurable: true, writable: true });
    };
    put((x: Tensor, mode: Mode, options?: Parameters<Recurrent["forward"]>[2]) =>
      recordRecurrent(module, recorder, { x, mode, ...options }),
    );
    restore.push(() => put(inner));
  }
  try {
    return work();
  } finally {
    for (const undo of restore) undo();
  }
}

interface RecurrentInput {
  readonly x: Tensor;
  readonly mode: Mode;
  readonly initial?: readonly RecurrentState[];
  readonly lengths?: Tensor;
}

/** What `Recurrent.forward` computes, layer by layer. */
function recordRecurrent({ layers }: Recurrent, recorder: TraceRecorder, { x, mode, initial, lengths }: RecurrentInput): RecurrentResult {
  if (mode.training) throw new OptionError("export: expected recurrent layers in inference, got training.");
  let output = x;
  const states: RecurrentState[] = [];
  for (const { forward, backward } of layers) {
    const cells = backward ? [forward, backward] : [forward];
    const before = initial && cells.map((_, i) => initial[states.length + i]!);
    const result = recordLayer(recorder, { x: output, cells, before, lengths });
    output = result.output;
    states.push(...result.states);
  }
  return { output, states };
}

interface LayerInput {
  readonly x: Tensor;
  /** Forward, and backward where there is one. */
  readonly cells: readonly RecurrentCell[];
  /** The state before the first step of each cell. */
  readonly before: readonly RecurrentState[] | undefined;
  readonly lengths: Tensor | undefined;
}

function recordLayer(recorder: TraceRecorder, { x, cells, before, lengths }: LayerInput): RecurrentResult {
  const [batch, time] = x.shape as readonly [number, number, number];
  const [one] = cells as readonly [RecurrentCell];
  const { size } = one;
  const kind = kindOf(one);
  const weights = cells.flatMap((cell) => [cell.inputWeight, cell.hiddenWeight, cell.inputBias, cell.hiddenBias].map(({ value }) => value));
  const parts = kind === "LSTM" ? [0, 1] : [0];
  // [directions, B, size] each
  const first = before ? parts.map((part) => stack(before.map((state) => state[part]!))) : [];
  const directions = cells.length;
  const shapes: Shape[] = [[batch, time, directions * size], ...parts.map(() => [directions, batch, size])];
  const forms = shapes.map((shape) => ({ shape, dtype: x.dtype }));
  const activation = one instanceof RnnCell ? one.activation : "";
  const settings = { kind, directions, size, activation, hasLengths: lengths !== undefined, hasState: before !== undefined };
  const uses = [x, ...weights, ...(lengths ? [lengths] : []), ...first];
  const buffers = recorder.record("recurrent", uses as never, settings, ...forms);
  const [output, ...last] = buffers.map((buffer, i) => {
    recorder.expectUpload(buffer.origin);
    return tensor({ shape: shapes[i]!, dtype: "float32", data: allocate("float32", sizeOf(shapes[i]!)) });
  }) as [Tensor, ...Tensor[]];
  const states = cells.map((_, i) => last.map((state) => squeeze(narrow(state, 0, { start: i, size: 1 }), 0)) as unknown as RecurrentState);
  return { output, states };
}

function kindOf(cell: RecurrentCell): "LSTM" | "GRU" | "RNN" {
  if (cell instanceof LstmCell) return "LSTM";
  if (cell instanceof GruCell) return "GRU";
  if (cell instanceof RnnCell) return "RNN";
  throw new OptionError(`export: expected cells of Rnn, Lstm or Gru, got a ${cell.constructor.name}.`);
}
