/**
 * The program of a worker, as plain text: `eval` in Node and a Blob in the browser need no file and no bundler.
 * It makes an instance over the shared memory, says so, and stays in the module's loop until it is told to quit.
 * If the module traps, it leaves its number in the control block and leaves the region, so that the main thread need not wait.
 */

import { enteredWord, failedWord } from "./control.ts";

const live = `
const live = ({ module, memory, thread, spin }, say) => {
  const words = new Int32Array(memory.buffer, 0, 1024);
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  say("ready");
  try {
    instance.exports.worker(thread, spin);
  } catch (error) {
    Atomics.store(words, ${failedWord}, thread);
    Atomics.sub(words, ${enteredWord}, 1);
    say(String(error));
  }
};`;

export const nodeWorkerSource: string = `${live}
const { parentPort, workerData } = require("node:worker_threads");
live(workerData, (message) => parentPort.postMessage(message));
process.exit(0);`;

export const browserWorkerSource: string = `${live}
onmessage = ({ data }) => {
  live(data, (message) => postMessage(message));
  close();
};`;
