/** Robots by SAC. Settings after those of RL Baselines3 Zoo. */

import { UnsupportedError } from "@dl/core";
import { Sac } from "../algorithms/sac.ts";
import type { Environment } from "../environment.ts";
import type { Task } from "../tasks/task.ts";
import { environmentCopies } from "../vector/copies.ts";
import { halfCheetah } from "./half-cheetah.ts";
import { hopper } from "./hopper.ts";
import { loadMujoco, type MujocoModule } from "./mujoco-module.ts";
import { walker2d } from "./walker2d.ts";

let loaded: MujocoModule | undefined;

/** Worlds are made at once, MuJoCo is not there at once: `load` comes first. */
function robotWorlds(name: string, make: (mujoco: MujocoModule) => Environment): Pick<Task, "load" | "world" | "worlds"> {
  const world = (): Environment => {
    if (!loaded) throw new UnsupportedError(`${name}: expected MuJoCo to be loaded, got a task that was not. Await task.load() before.`);
    return make(loaded);
  };
  return {
    async load() {
      loaded ??= await loadMujoco();
    },
    world,
    worlds: (count) => environmentCopies(Array.from({ length: count }, world)),
  };
}

const sac = (name: string, title: string, { goal, make }: { goal: number; make: (mujoco: MujocoModule) => Environment }): Task => ({
  ...robotWorlds(name, make),
  name,
  title,
  copies: 1,
  steps: 1_000_000,
  goal,
  algorithm: (options) => new Sac({ ...options, hidden: [256, 256], learningRate: 3e-4, warmUp: 10_000 }),
});

// The Zoo's agents reach 9535, 2325 and 3863.
export const sacHalfCheetah: Task = sac("sac-half-cheetah", "SAC on HalfCheetah-v5", { goal: 4800, make: halfCheetah });
export const sacHopper: Task = sac("sac-hopper", "SAC on Hopper-v5", { goal: 2200, make: hopper });
export const sacWalker2d: Task = sac("sac-walker2d", "SAC on Walker2d-v5", { goal: 3500, make: walker2d });

/** Every task of this entry. */
export const mujocoTasks: readonly Task[] = [sacHalfCheetah, sacHopper, sacWalker2d];
