/** A robot in MuJoCo that moves in a plane, as an environment: Gymnasium's MujocoEnv, version 5, for models whose state is joints alone. */

import type { Rng } from "@dl/core";
import type { Environment, Info, Reset, Step } from "../environment.ts";
import { EnvironmentError } from "../errors.ts";
import { Box } from "../spaces/box.ts";
import { drawRobot } from "./draw-robot.ts";
import type { MujocoData, MujocoModel, MujocoModule } from "./mujoco-module.ts";

/** What tells one robot from another. */
export interface Robot {
  readonly name: string;
  /** The model, in MuJoCo's XML. */
  readonly xml: string;
  /** Steps of the simulation in one of the environment. */
  readonly frameSkip: number;
  /** Weight of the squared actions, subtracted from the reward. */
  readonly controlCost: number;
  /** Velocities are observed no larger than this. */
  readonly velocityLimit: number;
  /** Fills `position` and `velocity`, which hold the model's own start, with a first state. */
  readonly disturb: (rng: Rng, start: { position: Float64Array; velocity: Float64Array }) => void;
  /** Whether it still stands, and a reward of 1 a step for that. Default: it cannot fall, and earns nothing by not falling. */
  readonly healthy?: (position: Float64Array, velocity: Float64Array) => boolean;
}

export interface RobotOptions {
  /** Default 1000. */
  maxSteps?: number;
}

/** Observations are positions without the first, which is how far it came, and velocities. */
export class RobotEnvironment implements Environment<Float32Array, Float32Array> {
  readonly name: string;
  readonly observationSpace: Box;
  readonly actionSpace: Box;
  readonly #mujoco: MujocoModule;
  readonly #robot: Robot;
  readonly #maxSteps: number;
  readonly #model: MujocoModel;
  readonly #data: MujocoData;
  #steps = -1;

  constructor(mujoco: MujocoModule, robot: Robot, { maxSteps = 1000 }: RobotOptions = {}) {
    this.name = robot.name;
    this.#mujoco = mujoco;
    this.#robot = robot;
    this.#maxSteps = maxSteps;
    this.#model = mujoco.MjModel.from_xml_string(robot.xml);
    this.#data = new mujoco.MjData(this.#model);
    const { nq, nv, nu, actuator_ctrlrange: range } = this.#model;
    this.observationSpace = new Box({ shape: [nq - 1 + nv], low: -Infinity, high: Infinity });
    const bounds = Array.from({ length: nu }, (_, i) => [range[2 * i]!, range[2 * i + 1]!] as const);
    this.actionSpace = new Box({ low: bounds.map(([low]) => low), high: bounds.map(([, high]) => high) });
  }

  /** @param options  `{ state }`: positions and velocities to start from instead of chance. */
  reset(rng: Rng, options: Info = {}): Reset<Float32Array> {
    const model = this.#model;
    const data = this.#live("reset");
    this.#mujoco.mj_resetData(model, data);
    const position = Float64Array.from(model.qpos0);
    const velocity = new Float64Array(model.nv);
    if (options.state === undefined) this.#robot.disturb(rng, { position, velocity });
    else this.#take(options.state, { position, velocity });
    data.qpos.set(position);
    data.qvel.set(velocity);
    this.#mujoco.mj_forward(model, data);
    this.#steps = 0;
    return { observation: this.#observe(), info: this.#tell() };
  }

  step(action: Float32Array): Step<Float32Array> {
    const data = this.#live("step");
    const { frameSkip, controlCost, healthy } = this.#robot;
    if (this.#steps < 0) throw new EnvironmentError(`${this.name}: step: expected reset before the first step, got none.`);
    if (action?.length !== this.actionSpace.size || !action.every(Number.isFinite)) {
      throw new EnvironmentError(`${this.name}: step: expected an action in ${this.actionSpace}, got ${String(action)}.`);
    }
    const before = data.qpos[0]!;
    // Beyond its bounds a motor gives what it can, and costs what was asked.
    data.ctrl.set(action);
    for (let i = 0; i < frameSkip; i++) this.#mujoco.mj_step(this.#model, data);
    this.#steps++;
    const forward = (data.qpos[0]! - before) / (this.#model.opt.timestep * frameSkip);
    const stands = healthy?.(data.qpos, data.qvel) ?? true;
    const cost = controlCost * action.reduce((sum, value) => sum + value * value, 0);
    return {
      observation: this.#observe(),
      reward: forward + (healthy && stands ? 1 : 0) - cost,
      terminated: !stands,
      truncated: this.#steps >= this.#maxSteps,
      info: this.#tell(),
    };
  }

  draw = (): ReturnType<typeof drawRobot> => drawRobot(this.#model, this.#live("draw"));

  /** Frees the model, which JavaScript's collector does not see. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#data.delete();
    this.#model.delete();
  }

  #closed = false;

  #live(where: string): MujocoData {
    if (this.#closed) throw new EnvironmentError(`${this.name}: ${where}: expected an open environment, got one that was closed.`);
    return this.#data;
  }

  #observe(): Float32Array {
    const { qpos, qvel } = this.#data;
    const { velocityLimit } = this.#robot;
    const row = new Float32Array(this.observationSpace.size);
    row.set(qpos.subarray(1));
    for (let i = 0; i < qvel.length; i++) row[qpos.length - 1 + i] = Math.min(Math.max(qvel[i]!, -velocityLimit), velocityLimit);
    return row;
  }

  #tell(): Info {
    return { state: [...this.#data.qpos, ...this.#data.qvel] };
  }

  #take(state: unknown, { position, velocity }: { position: Float64Array; velocity: Float64Array }): void {
    const numbers = Array.from(state as ArrayLike<number>);
    if (numbers.length !== position.length + velocity.length || !numbers.every(Number.isFinite)) {
      throw new EnvironmentError(
        `${this.name}: reset: expected ${position.length} positions and ${velocity.length} velocities, got ${String(state)}.`,
      );
    }
    position.set(numbers.slice(0, position.length));
    velocity.set(numbers.slice(position.length));
  }
}

/** Every position and velocity off by up to 0.005. */
export const disturbSlightly: Robot["disturb"] = (rng, { position, velocity }) => {
  for (const numbers of [position, velocity]) for (let i = 0; i < numbers.length; i++) numbers[i]! += rng.float(-5e-3, 5e-3);
};
