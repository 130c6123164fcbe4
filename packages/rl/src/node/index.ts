/** @dl/rl/node: environments in threads of Node. This file is the table of contents. */

export {
  openWorkerEnvironments,
  WorkerEnvironments,
  type WorkerEnvironmentsFactory,
  type WorkerEnvironmentsOptions,
} from "./worker-environments.ts";
