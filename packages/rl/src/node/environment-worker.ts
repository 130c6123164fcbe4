/** The thread at the other end of `openWorkerEnvironments`: steps its part of the copies. */

import { parentPort, workerData } from "node:worker_threads";
import { Rng, type RngState } from "@dl/core";
import { EnvironmentError } from "../errors.ts";
import type { Episode, VectorEnvironment } from "../vector/vector-environment.ts";

export type Request = { readonly kind: "reset"; readonly rng: RngState } | { readonly kind: "step"; readonly actions: Float32Array };

export type Reply =
  | { readonly kind: "ready"; readonly count: number; readonly name: string; readonly observations: string; readonly actions: string }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "reset"; readonly observations: Float32Array; readonly masks: Uint8Array | undefined }
  | ({ readonly kind: "step"; readonly masks: Uint8Array | undefined } & PlainStep);

export interface PlainStep {
  readonly observations: Float32Array;
  readonly nextObservations: Float32Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly episodes: readonly Episode[];
  readonly nextMasks: Uint8Array | undefined;
}

const reply = (message: Reply): void => parentPort!.postMessage(message);
const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function main(): Promise<void> {
  const { module, input, count, first } = workerData as { module: string; input: unknown; count: number; first: number };
  const { environments } = (await import(module)) as { environments?: unknown };
  if (typeof environments !== "function") {
    throw new EnvironmentError(
      `expected ${module} to export a function environments({ count, first }, input), got ${typeof environments}.`,
    );
  }
  const worlds = (await environments({ count, first }, input)) as VectorEnvironment;
  const answer = async (request: Request): Promise<Reply> => {
    if (request.kind === "reset") {
      const observations = await worlds.reset(Rng.fromState(request.rng));
      return { kind: "reset", observations, masks: worlds.actionMasks?.() };
    }
    const { observations, nextObservations, rewards, terminated, truncated, episodes, nextMasks } = await worlds.step(request.actions);
    const masks = worlds.actionMasks?.();
    return { kind: "step", observations, nextObservations, rewards, terminated, truncated, episodes, nextMasks, masks };
  };
  parentPort!.on("message", (request: Request) => {
    answer(request).then(reply, (error: unknown) => reply({ kind: "failed", message: describe(error) }));
  });
  reply({
    kind: "ready",
    count: worlds.count,
    name: worlds.name,
    observations: String(worlds.observationSpace),
    actions: String(worlds.actionSpace),
  });
}

main().catch((error: unknown) => reply({ kind: "failed", message: describe(error) }));
