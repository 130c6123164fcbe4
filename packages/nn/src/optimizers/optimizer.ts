/** What all optimizers share: groups of parameters, the count of steps, and state that is saved by path. */

import { Cell, type Gradients, type HostTensor, hostTensor, OptionError, sizeOf, type Tensor } from "@dl/core";
import type { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { checkGroupNames, checkOptimizerOptions } from "./check-options.ts";
import { planCells } from "./plan-cells.ts";

/** Parameters that share options; what a group does not name, it takes from the optimizer's options. */
export type ParameterGroup<Options> = { readonly parameters: readonly Parameter[] } & Partial<Options>;

/** Parameters, or groups of them. */
export type Trainable<Options> = readonly Parameter[] | readonly ParameterGroup<Options>[];

/** What every optimizer needs to know. */
export interface CommonOptions {
  /** The step's length: a number, or a schedule of the step count, which starts at 0. */
  learningRate: number | Schedule;
}

/** An optimizer's state as host data; tensors are named `<parameter's path>.<slot>`. */
export interface OptimizerState {
  readonly step: number;
  readonly tensors: ReadonlyMap<string, HostTensor>;
}

/** The cells kept for one parameter, by slot: moments, velocities. */
export type Slots = Readonly<Record<string, Cell>>;

/** One parameter's part of an update. */
export interface ParameterUpdate<Options> {
  readonly parameter: Parameter;
  readonly gradient: Tensor;
  /** Of this step, all of them. */
  readonly gradients: Gradients;
  readonly slots: Slots;
  readonly options: Options;
  /** At this step. */
  readonly learningRate: number;
  /** Steps done before this one. */
  readonly step: number;
}

/** Use a subclass, such as `AdamW`. */
export abstract class Optimizer<Options extends CommonOptions> implements Disposable {
  readonly groups: readonly { readonly parameters: readonly Parameter[]; readonly options: Options }[];
  readonly #slots = new Map<Parameter, Slots>();
  #step = 0;

  /** `options` has every default filled in. */
  protected constructor(trainable: Trainable<Options>, options: Options) {
    const name = this.constructor.name;
    this.groups = groupsOf(name, trainable, options);
    for (const { options } of this.groups) checkOptimizerOptions(name, options);
    const seen = new Set<Parameter>();
    for (const { parameters } of this.groups) {
      for (const parameter of parameters) {
        if (seen.has(parameter)) throw new OptionError(`${name}: expected every parameter in one group, got one twice.`);
        seen.add(parameter);
      }
    }
    if (seen.size === 0) throw new OptionError(`${name}: expected at least one parameter, got none.`);
  }

  /** Steps done so far. */
  get step(): number {
    return this.#step;
  }

  /** The learning rate the next step will use, group by group. */
  get learningRates(): number[] {
    return this.groups.map(({ options }) => rateAt(options.learningRate, this.#step));
  }

  /**
   * One step, inside `compute`. Every parameter of the optimizer needs a gradient.
   *
   * @throws OptionError when one has none, or a schedule gives no learning rate; and nothing was changed.
   */
  update(gradients: Gradients): void {
    this.checkUpdate(gradients);
    const rates = this.learningRates;
    for (const [i, { parameters, options }] of this.groups.entries()) {
      const learningRate = rates[i]!;
      for (const parameter of parameters) {
        const gradient = gradients.get(parameter)!;
        this.updateParameter({
          parameter,
          gradient,
          gradients,
          slots: this.#slotsOf(parameter, options),
          options,
          learningRate,
          step: this.#step,
        });
      }
    }
    this.#step++;
  }

  /** Everything is looked for before anything is used: a step is done whole or not at all. */
  protected checkUpdate(gradients: Gradients): void {
    for (const { parameters } of this.groups) {
      for (const parameter of parameters) {
        if (!gradients.has(parameter)) {
          throw new OptionError(
            `${this.constructor.name}.update: expected a gradient for each of its parameters, got none for one of shape [${parameter.shape.join(", ")}]. Differentiate by all of them, or make the optimizer from fewer.`,
          );
        }
      }
    }
    for (const rate of this.learningRates) {
      if (!(Number.isFinite(rate) && rate >= 0)) {
        throw new OptionError(
          `${this.constructor.name}.update: expected a learning rate ≥ 0 from the schedule at step ${this.step}, got ${rate}.`,
        );
      }
    }
  }

  /** Changes one parameter and its slots. */
  protected abstract updateParameter(update: ParameterUpdate<Options>): void;

  /** Names of the cells a parameter of that shape needs, zero at first. */
  protected abstract slotNames(options: Options, shape: readonly number[]): readonly string[];

  /** The shape of a cell; by default the parameter's. */
  protected slotShape(_name: string, shape: readonly number[]): readonly number[] {
    return shape;
  }

  #slotsOf(parameter: Parameter, options: Options): Slots {
    let slots = this.#slots.get(parameter);
    if (slots === undefined) {
      const zeros = (shape: readonly number[]): Cell => new Cell(hostTensor(new Float32Array(sizeOf(shape)), shape));
      const { shape } = parameter;
      slots = Object.fromEntries(this.slotNames(options, shape).map((name) => [name, zeros(this.slotShape(name, shape))]));
      this.#slots.set(parameter, slots);
    }
    return slots;
  }

  /** Step count and slots, for a checkpoint. `model` names the parameters. */
  async read(model: Module): Promise<OptimizerState> {
    const tensors = new Map<string, HostTensor>();
    for (const [name, cell] of this.#named(model)) tensors.set(name, await cell.read());
    return { step: this.#step, tensors };
  }

  /** Goes on from where `read` was called. @throws CheckpointError for a state of another optimizer, and nothing was changed. */
  load(model: Module, state: OptimizerState): void {
    this.planLoad(model, state)();
  }

  /** Checks everything `load` checks; what it returns does it. */
  planLoad(model: Module, state: OptimizerState): () => void {
    const apply = planCells(`${this.constructor.name}.load`, this.#named(model), state);
    return () => {
      apply();
      this.#step = state.step;
    };
  }

  #named(model: Module): Map<string, Cell> {
    const names = new Map([...model.namedParameters()].map(([path, parameter]) => [parameter, path]));
    const cells = new Map<string, Cell>();
    for (const { parameters, options } of this.groups) {
      for (const parameter of parameters) {
        const path = names.get(parameter);
        if (path === undefined) {
          throw new OptionError(
            `${this.constructor.name}: expected all its parameters in the model, got one of shape [${parameter.shape.join(", ")}] that is not.`,
          );
        }
        for (const [slot, cell] of Object.entries(this.#slotsOf(parameter, options))) cells.set(`${path}.${slot}`, cell);
      }
    }
    return cells;
  }

  /** Frees the slots; the parameters belong to the model. */
  [Symbol.dispose](): void {
    for (const slots of this.#slots.values()) for (const cell of Object.values(slots)) cell[Symbol.dispose]();
  }
}

function rateAt(learningRate: number | Schedule, step: number): number {
  return typeof learningRate === "number" ? learningRate : learningRate(step);
}

function groupsOf<Options extends object>(
  where: string,
  trainable: Trainable<Options>,
  options: Options,
): { parameters: readonly Parameter[]; options: Options }[] {
  if (!Array.isArray(trainable)) {
    throw new OptionError(
      `${where}: expected parameters or groups of them, got ${kindOf(trainable)}. Write new ${where}(model.parameters(), { … }).`,
    );
  }
  if (trainable.every((item): item is Parameter => item instanceof Cell)) return [{ parameters: trainable, options }];
  return (trainable as readonly ParameterGroup<Options>[]).map((group) => {
    if (!Array.isArray(group?.parameters) || !group.parameters.every((item) => item instanceof Cell)) {
      throw new OptionError(
        `${where}: expected parameters, or groups such as { parameters: [...], weightDecay: 0 }, got an array that holds ${kindOf(group)}.`,
      );
    }
    const { parameters, ...own } = group;
    checkGroupNames(where, { own, known: options });
    return { parameters, options: { ...options, ...own } };
  });
}

/** Such as `a Linear`. */
function kindOf(value: unknown): string {
  return typeof value === "object" && value !== null ? `a ${value.constructor?.name ?? "object"}` : String(value);
}
