/** The module's table of contents: the tasks, and the threads that run them. */

export * from "./generated/dispatch";
export { region, worker } from "./threads";
