/** @dl/rl: environments, wrappers, and reinforcement learning algorithms. This file is the table of contents; workers of Node are in `@dl/rl/node`. */

export type { Drawing } from "./drawing/drawing.ts";
export { systemCopies } from "./vector/system-copies.ts";
