/** The thread at the other end of `openTrialWorkers`: runs the trials it is given. */

import { parentPort, workerData } from "node:worker_threads";
import { DataError } from "@dl/core";
import { type Evaluate, TrialFailed, TrialStopped } from "../engine/evaluate.ts";
import type { Measurements } from "../engine/objectives.ts";

/** A trial's task as it travels. */
export interface TrialRequest {
  readonly kind: "trial";
  /** Comes back with all that is said of this trial. */
  readonly id: number;
  readonly value: unknown;
  readonly number: number;
  readonly seed: number;
  readonly budget: number | undefined;
  readonly from: number | undefined;
  readonly attempt: number;
}

/** From the search to the worker. */
export type ToWorker = TrialRequest | { readonly kind: "verdict"; readonly goesOn: boolean } | { readonly kind: "abort" };

/** What the worker says of a trial. */
type TrialMessage =
  | { readonly kind: "anew" }
  | { readonly kind: "report"; readonly step: number; readonly score: number }
  | { readonly kind: "done"; readonly measurements: Measurements }
  | { readonly kind: "stopped"; readonly step: number; readonly score: number }
  | { readonly kind: "failed"; readonly message: string; readonly final: boolean };

/** From the worker to the search. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "broken"; readonly message: string }
  | (TrialMessage & { readonly id: number });

const post = (message: FromWorker): void => parentPort!.postMessage(message);
const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function main(): Promise<void> {
  const { module, input } = workerData as { module: string; input: unknown };
  const { trial } = (await import(module)) as { trial?: unknown };
  if (typeof trial !== "function") {
    throw new DataError(`openTrialWorkers: expected ${module} to export a function trial(input), got ${typeof trial}.`);
  }
  const evaluate = (await trial(input)) as Evaluate<unknown>;
  let verdict: ((goesOn: boolean) => void) | undefined;
  let controller = new AbortController();

  const run = async ({ kind: _, id, ...task }: TrialRequest): Promise<void> => {
    const send = (message: TrialMessage): void => post({ ...message, id });
    controller = new AbortController();
    const report = async (step: number, score: number): Promise<void> => {
      const answer = new Promise<boolean>((resolve) => {
        verdict = resolve;
      });
      send({ kind: "report", step, score });
      if (!(await answer)) throw new TrialStopped({ step, score });
    };
    const beginAnew = (): void => send({ kind: "anew" });
    try {
      send({ kind: "done", measurements: await evaluate({ ...task, signal: controller.signal, report, beginAnew }) });
    } catch (error) {
      if (error instanceof TrialStopped) send({ kind: "stopped", step: error.step, score: error.score });
      else send({ kind: "failed", message: describe(error), final: error instanceof TrialFailed });
    }
  };

  parentPort!.on("message", (message: ToWorker) => {
    if (message.kind === "trial") void run(message);
    else if (message.kind === "abort") controller.abort();
    else verdict?.(message.goesOn);
  });
  post({ kind: "ready" });
}

main().catch((error: unknown) => post({ kind: "broken", message: describe(error) }));
