/** The thread at the other end of `openBatchWorkers`: makes the batches it is asked for. */

import { parentPort, workerData } from "node:worker_threads";
import { describeError, openBatchServer } from "../workers/batch-server.ts";
import type { Reply } from "../workers/protocol.ts";

const reply = (message: Reply, transfer: ArrayBuffer[]): void => parentPort!.postMessage(message, transfer);

async function main(): Promise<void> {
  const { module, input } = workerData as { module: string; input: unknown };
  const { pipeline } = (await import(module)) as { pipeline?: unknown };
  parentPort!.on("message", await openBatchServer({ pipeline, input, name: module, reply }));
}

main().catch((error: unknown) => reply({ kind: "failed", message: describeError(error) }, []));
