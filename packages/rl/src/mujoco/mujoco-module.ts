/** MuJoCo as these environments use it, and how it is loaded. Todorov et al. 2012; the bindings are DeepMind's own, `@mujoco/mujoco`. */

import { UnsupportedError } from "@dl/core";

/** What is used of a loaded `@mujoco/mujoco`. */
export interface MujocoModule {
  readonly MjModel: { from_xml_string(xml: string): MujocoModel };
  readonly MjData: new (model: MujocoModel) => MujocoData;
  mj_step(model: MujocoModel, data: MujocoData): void;
  mj_forward(model: MujocoModel, data: MujocoData): void;
  mj_resetData(model: MujocoModel, data: MujocoData): void;
}

/** A compiled robot. Arrays are views of MuJoCo's memory: they are read anew each time. */
export interface MujocoModel {
  readonly nq: number;
  readonly nv: number;
  readonly nu: number;
  readonly ngeom: number;
  readonly qpos0: Float64Array;
  readonly actuator_ctrlrange: Float64Array;
  readonly geom_size: Float64Array;
  readonly geom_type: Int32Array;
  readonly opt: { readonly timestep: number };
  delete(): void;
}

/** Where a robot is. */
export interface MujocoData {
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly ctrl: Float64Array;
  readonly geom_xpos: Float64Array;
  readonly geom_xmat: Float64Array;
  delete(): void;
}

const packageName = "@mujoco/mujoco";

/**
 * Loads MuJoCo: 10 MB of WebAssembly, once.
 *
 * @throws UnsupportedError when `@mujoco/mujoco` is not installed.
 * @example
 * const world = halfCheetah(await loadMujoco());
 */
export async function loadMujoco(): Promise<MujocoModule> {
  // A name in a variable, so that bundlers leave a package alone that may not be there.
  const found = (await import(/* @vite-ignore */ packageName).catch((error: unknown) => {
    throw new UnsupportedError(`loadMujoco: expected ${packageName} to be installed, got ${String(error)}. npm install ${packageName}`, {
      cause: error,
    });
  })) as { default: () => Promise<MujocoModule> };
  return found.default();
}
