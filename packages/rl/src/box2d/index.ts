/** @dl/rl/box2d: environments of rigid bodies, on Planck. This file is the table of contents. */

export { type LunarLanderOptions, lunarLander, lunarLanderContinuous } from "./lunar-lander.ts";
export { box2dTasks, ppoLunarLander, sacLunarLander } from "./tasks.ts";
