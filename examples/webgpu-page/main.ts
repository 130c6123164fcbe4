/** The page: trains, and writes each loss under the last. */

import { train } from "./train.ts";

const log = document.querySelector("#log")!;
train({ steps: 50, onStep: (line) => log.append(`${line}\n`) }).catch((error: unknown) => log.append(String(error)));
