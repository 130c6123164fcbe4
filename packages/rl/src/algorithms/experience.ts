/** Acting for algorithms that learn from a replay buffer: one step of all copies, kept as transitions. */

import type { VectorEnvironment } from "../vector/vector-environment.ts";
import type { RolloutOptions } from "./rollout.ts";

export interface StepAndKeepOptions {
  environments: VectorEnvironment;
  /** What to do, as the buffer keeps it. */
  actions: Float32Array;
  /** The same as the environment takes it. Default as it is. */
  environmentActions?: Float32Array;
  keep: (acted: { observations: Float32Array; actions: Float32Array }, step: Awaited<ReturnType<VectorEnvironment["step"]>>) => void;
  onEpisodes: RolloutOptions["onEpisodes"];
}

/** Steps the environments; `observations` ends up holding what to act on next. */
export async function stepAndKeep(
  observations: Float32Array,
  { environments, actions, environmentActions = actions, keep, onEpisodes }: StepAndKeepOptions,
): Promise<void> {
  const stepped = environments.step(environmentActions);
  const step = stepped instanceof Promise ? await stepped : stepped;
  keep({ observations, actions }, step);
  observations.set(step.observations);
  if (step.episodes.length > 0) onEpisodes(step.episodes);
}
