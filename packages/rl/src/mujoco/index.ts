/** @dl/rl/mujoco: robots in MuJoCo, for which `@mujoco/mujoco` must be installed. This file is the table of contents. */

export { halfCheetah } from "./half-cheetah.ts";
export { hopper } from "./hopper.ts";
export { loadMujoco, type MujocoData, type MujocoModel, type MujocoModule } from "./mujoco-module.ts";
export { type Robot, RobotEnvironment, type RobotOptions } from "./robot.ts";
export { mujocoTasks, sacHalfCheetah, sacHopper, sacWalker2d } from "./tasks.ts";
export { walker2d } from "./walker2d.ts";
