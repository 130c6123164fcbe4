/** Episodes by a trained agent, drawn. */

import type { Rng } from "@dl/core";
import type { Drawing, PreparedTask } from "@dl/rl";

export interface PlayedEpisode {
  /** One a step, and one of the start; none if the environment cannot be drawn. */
  readonly drawings: readonly Drawing[];
  readonly return: number;
}

export async function playEpisode(
  { algorithm, watch }: PreparedTask,
  rng: Rng,
  { limit = 5000 }: { limit?: number } = {},
): Promise<PlayedEpisode> {
  const { world, environments } = watch();
  try {
    let observations = await environments.reset(rng.fork("environments"));
    const drawings: Drawing[] = [];
    for (let t = 0; t < limit; t++) {
      if (world.draw) drawings.push(world.draw());
      const actions = await algorithm.act(observations, {
        rng,
        masks: environments.actionMasks?.(),
        starts: Uint8Array.of(t === 0 ? 1 : 0),
      });
      const step = await environments.step(actions);
      observations = step.observations;
      const [episode] = step.episodes;
      if (episode) return { drawings, return: episode.return };
    }
    return { drawings, return: Number.NaN };
  } finally {
    await environments.close?.();
  }
}

/** The one with the highest return of several. */
export async function playBestEpisode(prepared: PreparedTask, rng: Rng, { of }: { of: number }): Promise<PlayedEpisode> {
  let best = await playEpisode(prepared, rng.fork("episode 0"));
  for (let i = 1; i < of; i++) {
    const other = await playEpisode(prepared, rng.fork(`episode ${i}`));
    if (other.return > best.return || Number.isNaN(best.return)) best = other;
  }
  return best;
}
