/** @dl/rl/box2d: environments of rigid bodies, on Planck. This file is the table of contents. */

export { type BipedalWalkerOptions, bipedalWalker } from "./bipedal-walker.ts";
export { type LunarLanderOptions, lunarLander, lunarLanderContinuous } from "./lunar-lander.ts";
export { box2dTasks, ppoBipedalWalker, ppoLunarLander, sacLunarLander } from "./tasks.ts";
