/** For tests: a worker as a process. It writes down each trial that it begins and ends, and hangs after so many. */

import { appendFileSync } from "node:fs";
import { serveTrials } from "./index.ts";

const [url, log, name, most] = process.argv.slice(2) as [string, string, string, string];
let begun = 0;
await serveTrials({
  url,
  patience: 2,
  open: (about) => async (task) => {
    const { value, number, signal } = task as { value: { x: number }; number: number; signal: AbortSignal };
    appendFileSync(log, `${name} begins ${number}\n`);
    // Its event loop turns on: it is not dead, it is busy.
    if (begun++ >= Number(most)) await new Promise(() => setInterval(() => {}, 1000));
    signal.throwIfAborted();
    appendFileSync(log, `${name} ends ${number}\n`);
    return { height: value.x * (about as { factor: number }).factor };
  },
});
appendFileSync(log, `${name} ready\n`);
