/** Recurrent networks over sequences `[B, T, C]`: layers of cells, in one direction or both. */

import {
  concat,
  dropout,
  expandDims,
  formatShape,
  greater,
  OptionError,
  type Rng,
  ShapeError,
  stack,
  type Tensor,
  unstack,
  where,
  zerosLike,
} from "@dl/core";
import { checkMode, type Mode } from "../mode.ts";
import { Module } from "../module.ts";
import { checkDropout, checkRng } from "./check-options.ts";
import {
  GruCell,
  LstmCell,
  type RecurrentCell,
  type RecurrentCellOptions,
  type RecurrentState,
  type RnnActivation,
  RnnCell,
} from "./recurrent-cell.ts";

export interface RecurrentOptions {
  inputs: number;
  /** Length of the hidden vector of each direction. */
  size: number;
  /** Default 1. */
  layers?: number;
  /** Also from the end to the start; outputs are joined. Schuster and Paliwal 1997. Default false. */
  bidirectional?: boolean;
  /** Dropout rate between layers, in training. Default 0. */
  dropout?: number;
  rng: Rng;
}

export interface RecurrentInputs {
  /** A state for each layer and direction, as in the result. Default zeros. */
  initial?: readonly RecurrentState[];
  /** Steps of each sequence, `[B]` int32; the rest of it is padding, which changes no state and gives zeros. Default all. */
  lengths?: Tensor;
}

export interface RecurrentResult {
  /** The last layer's hidden vectors, `[B, T, size]`, or `[B, T, 2 · size]` when bidirectional. */
  readonly output: Tensor;
  /** The last state of each layer and direction: layer 0 forward, layer 0 backward, layer 1 forward, … */
  readonly states: readonly RecurrentState[];
}

/** Use `Rnn`, `Lstm` or `Gru`. */
export abstract class Recurrent extends Module {
  /** By layer; each forward and, when bidirectional, backward. */
  readonly layers: readonly { readonly forward: RecurrentCell; readonly backward?: RecurrentCell }[];
  readonly dropout: number;

  protected constructor(
    { inputs, size, layers = 1, bidirectional = false, dropout = 0, rng }: RecurrentOptions,
    create: (options: RecurrentCellOptions) => RecurrentCell,
  ) {
    super();
    checkDropout(this.constructor.name, dropout);
    checkRng(this.constructor.name, rng);
    if (!Number.isInteger(layers) || layers < 1) throw new OptionError(`Recurrent: expected at least one layer, got ${layers}.`);
    this.layers = Array.from({ length: layers }, (_, i) => {
      const options = { inputs: i === 0 ? inputs : bidirectional ? 2 * size : size, size };
      const forward = create({ ...options, rng: rng.fork(`layers.${i}.forward`) });
      return bidirectional ? { forward, backward: create({ ...options, rng: rng.fork(`layers.${i}.backward`) }) } : { forward };
    });
    this.dropout = dropout;
  }

  /** @param x  `[B, T, inputs]` */
  forward(x: Tensor, mode: Mode, { initial, lengths }: RecurrentInputs = {}): RecurrentResult {
    if (x.rank !== 3 || x.shape[1] === 0)
      throw new ShapeError(`Recurrent: expected sequences [B, T, C] with T ≥ 1, got ${formatShape(x.shape)}.`);
    checkMode(this.constructor.name, mode);
    const runsInAll = this.layers.length * (this.layers[0]!.backward ? 2 : 1);
    if (initial && initial.length !== runsInAll) {
      throw new OptionError(
        `${this.constructor.name}: expected ${runsInAll} initial states, one for each layer and direction, got ${initial.length}.`,
      );
    }
    if (lengths && (lengths.rank !== 1 || lengths.shape[0] !== x.shape[0])) {
      throw new ShapeError(
        `${this.constructor.name}: expected lengths [${x.shape[0]}], one for each sequence, got ${formatShape(lengths.shape)}.`,
      );
    }
    const states: RecurrentState[] = [];
    let output = x;
    this.layers.forEach(({ forward, backward }, i) => {
      if (i > 0 && this.dropout > 0 && mode.training) output = dropout(output, { rate: this.dropout, rng: mode.rng });
      const runs = [run(forward, output, { initial: initial?.[states.length], lengths, reverse: false })];
      if (backward) runs.push(run(backward, output, { initial: initial?.[states.length + 1], lengths, reverse: true }));
      states.push(...runs.map(({ state }) => state));
      output = concat(
        runs.map((one) => one.output),
        { axis: 2 },
      );
    });
    return { output, states };
  }
}

function run(
  cell: RecurrentCell,
  x: Tensor,
  {
    initial = cell.initialState(x.shape[0]!),
    lengths,
    reverse,
  }: { initial: RecurrentState | undefined; lengths: Tensor | undefined; reverse: boolean },
): { output: Tensor; state: RecurrentState } {
  // All inputs meet the input weights in one product; only the hidden part has to go step by step.
  const projected = unstack(cell.projectInput(x), { axis: 1 }); // T × [B, gates · size]
  if (reverse) projected.reverse();
  let state = initial;
  const hidden = projected.map((step, i) => {
    const before = state;
    state = cell.step(step, before);
    if (!lengths) return state[0];
    const within = expandDims(greater(lengths, reverse ? projected.length - 1 - i : i), 1); // [B, 1]
    const [next, memory] = state;
    state = memory ? [where(within, next, before[0]), where(within, memory, before[1]!)] : [where(within, next, before[0])];
    return where(within, next, zerosLike(next));
  });
  if (reverse) hidden.reverse();
  return { output: stack(hidden, { axis: 1 }), state };
}

export interface RnnOptions extends RecurrentOptions {
  /** Default `tanh`. */
  activation?: RnnActivation;
}

/** Elman's network. See `RnnCell`. */
export class Rnn extends Recurrent {
  constructor({ activation = "tanh", ...options }: RnnOptions) {
    super(options, (cell) => new RnnCell({ ...cell, activation }));
  }
}

/** Long short-term memory. See `LstmCell`. */
export class Lstm extends Recurrent {
  constructor(options: RecurrentOptions) {
    super(options, (cell) => new LstmCell(cell));
  }
}

/** Gated recurrent units. See `GruCell`. */
export class Gru extends Recurrent {
  constructor(options: RecurrentOptions) {
    super(options, (cell) => new GruCell(cell));
  }
}
