/** One step of recurrence, for the three classic cells. Gates lie in PyTorch's order. */

import { formatShape, OptionError, type Rng, relu, ShapeError, split, type Tensor, zeros } from "@dl/core";
import { uniform } from "../init/random.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkCounts, checkRng } from "./check-options.ts";

export interface RecurrentCellOptions {
  inputs: number;
  /** Length of the hidden vector. */
  size: number;
  rng: Rng;
}

/** What a cell carries from step to step, each `[B, size]`: the hidden vector, and for LSTM the memory. */
export type RecurrentState = readonly [hidden: Tensor, memory?: Tensor];

/** Use a subclass. */
export abstract class RecurrentCell extends Module {
  readonly size: number;
  /** `[inputs, gates · size]` */
  readonly inputWeight: Parameter;
  /** `[size, gates · size]` */
  readonly hiddenWeight: Parameter;
  /** `[gates · size]` */
  readonly inputBias: Parameter;
  readonly hiddenBias: Parameter;

  protected constructor({ inputs, size, rng }: RecurrentCellOptions, { gates }: { gates: number }) {
    super();
    checkCounts(this.constructor.name, { inputs, size });
    checkRng(this.constructor.name, rng);
    const bound = 1 / Math.sqrt(size); // as PyTorch starts them
    const parameter = (name: string, shape: readonly number[]): Parameter =>
      new Parameter(uniform(shape, { rng: rng.fork(name), low: -bound, high: bound }));
    this.size = size;
    this.inputWeight = parameter("inputWeight", [inputs, gates * size]);
    this.hiddenWeight = parameter("hiddenWeight", [size, gates * size]);
    this.inputBias = parameter("inputBias", [gates * size]);
    this.hiddenBias = parameter("hiddenBias", [gates * size]);
  }

  /** One step: `[B, inputs]` and the state before it give the state after it. */
  forward(x: Tensor, state: RecurrentState = this.initialState(x.shape[0]!)): RecurrentState {
    if (x.rank !== 2) throw new ShapeError(`${this.constructor.name}: expected input [B, C], got ${formatShape(x.shape)}.`);
    return this.step(this.projectInput(x), state);
  }

  /** The share of the input in all gates, `[…, gates · size]`: for a whole sequence, one product. */
  projectInput(x: Tensor): Tensor {
    return x.matmul(this.inputWeight.value).add(this.inputBias.value);
  }

  /** The share of the hidden vector in all gates. */
  protected projectHidden(hidden: Tensor): Tensor {
    return hidden.matmul(this.hiddenWeight.value).add(this.hiddenBias.value);
  }

  /** From the input's share of the gates to the next state. */
  abstract step(projected: Tensor, state: RecurrentState): RecurrentState;

  /** Zeros. */
  abstract initialState(batch: number): RecurrentState;
}

/** What an `RnnCell` makes of its sum. */
export type RnnActivation = "tanh" | "relu";

export interface RnnCellOptions extends RecurrentCellOptions {
  /** Default `tanh`. */
  activation?: RnnActivation;
}

/** h' = tanh(Wx + b + Uh + c). Elman 1990, "Finding structure in time". With ReLU for tanh: Le et al. 2015, arXiv:1504.00941. */
export class RnnCell extends RecurrentCell {
  readonly activation: RnnActivation;

  constructor({ activation = "tanh", ...options }: RnnCellOptions) {
    super(options, { gates: 1 });
    if (activation !== "tanh" && activation !== "relu") {
      throw new OptionError(`RnnCell: expected activation tanh or relu, got ${JSON.stringify(activation)}.`);
    }
    this.activation = activation;
  }

  step(projected: Tensor, [hidden]: RecurrentState): RecurrentState {
    const sum = projected.add(this.projectHidden(hidden));
    return [this.activation === "relu" ? relu(sum) : sum.tanh()];
  }

  initialState(batch: number): RecurrentState {
    return [zeros([batch, this.size])];
  }
}

/** Long short-term memory; gates input, forget, candidate, output. Hochreiter and Schmidhuber 1997; Gers et al. 2000. */
export class LstmCell extends RecurrentCell {
  constructor(options: RecurrentCellOptions) {
    super(options, { gates: 4 });
  }

  step(projected: Tensor, [hidden, memory]: RecurrentState): RecurrentState {
    if (!memory) throw new OptionError("LstmCell: expected a state of hidden vector and memory, got the hidden vector alone.");
    const [input, forget, candidate, output] = split(projected.add(this.projectHidden(hidden)), 4, { axis: -1 });
    const next = forget!.sigmoid().mul(memory).add(input!.sigmoid().mul(candidate!.tanh()));
    return [output!.sigmoid().mul(next.tanh()), next];
  }

  initialState(batch: number): RecurrentState {
    return [zeros([batch, this.size]), zeros([batch, this.size])];
  }
}

/** Gated recurrent unit; gates reset, update, candidate. Cho et al. 2014, arXiv:1406.1078; the reset gate after the product, as in cuDNN. */
export class GruCell extends RecurrentCell {
  constructor(options: RecurrentCellOptions) {
    super(options, { gates: 3 });
  }

  step(projected: Tensor, [hidden]: RecurrentState): RecurrentState {
    const [resetInput, updateInput, candidateInput] = split(projected, 3, { axis: -1 });
    const [resetHidden, updateHidden, candidateHidden] = split(this.projectHidden(hidden), 3, { axis: -1 });
    const reset = resetInput!.add(resetHidden!).sigmoid();
    const update = updateInput!.add(updateHidden!).sigmoid();
    const candidate = candidateInput!.add(reset.mul(candidateHidden!)).tanh();
    return [candidate.add(update.mul(hidden.sub(candidate)))];
  }

  initialState(batch: number): RecurrentState {
    return [zeros([batch, this.size])];
  }
}
