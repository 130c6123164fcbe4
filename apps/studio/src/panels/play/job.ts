/** Trains an agent on one of `@dl/rl`'s tasks, plays episodes for the page to show, and draws what it thinks of its states. */

import { DlError, max, minimum, Rng, type Tensor, tensor } from "@dl/core";
import { A2c, Dqn, type Drawing, learn, Ppo, prepare, Sac, tasks } from "@dl/rl";
import type { OpenJob } from "../../engine/job.ts";
import { mapSize, type PlayContract } from "./contract.ts";
import { worldOf } from "./worlds.ts";

/** Milliseconds between two episodes that are shown, and two maps; steps of an episode that are shown. */
const episodeEvery = 2500;
const mapsEvery = 700;
const longestEpisode = 500;

export const openPlay: OpenJob<PlayContract> = async ({ device, pacer, settings, files, signal, emit }) => {
  const task = tasks.find(({ name }) => name === settings.task);
  if (!task) throw new DlError(`Expected a task of @dl/rl (${tasks.map(({ name }) => name).join(", ")}), got ${settings.task}.`);
  // As `dl train` does it: the same seed makes the same agent.
  const { algorithm, watch } = prepare(task, { device, rng: new Rng(settings.seed).fork("agent"), steps: settings.steps });
  const saved = files?.["checkpoint.safetensors"] ?? files?.["agent.safetensors"];
  if (saved) algorithm.restore(saved, { file: "agent.safetensors" });
  const { map } = worldOf(settings.task);

  /** An episode with the best actions. */
  const play = async (rng: Rng): Promise<{ frames: Drawing[]; sum: number; steps: number }> => {
    const { world, environments } = watch();
    const act = rng.fork("act");
    let observations = await environments.reset(rng.fork("environments"));
    const frames: Drawing[] = [];
    let sum = 0;
    for (let step = 0; step < longestEpisode && !signal.aborted; step++) {
      const drawing = world.draw?.();
      if (drawing) frames.push(drawing);
      const result = await environments.step(await algorithm.act(observations, { rng: act }));
      observations = result.observations;
      const [episode] = result.episodes;
      if (episode) return { frames, sum: episode.return, steps: episode.length };
      sum += result.rewards[0]!;
    }
    return { frames, sum, steps: frames.length };
  };

  const cells = map && Float32Array.from({ length: mapSize * mapSize }, (_, i) => i);
  /** Observations of every cell, row by row from the top. */
  const states =
    map &&
    Float32Array.from(
      Array.from(cells!, (i) => {
        const share = (at: number): number => (at + 0.5) / mapSize;
        const across = map.across.low + share(i % mapSize) * (map.across.high - map.across.low);
        const up = map.up.high - share(Math.floor(i / mapSize)) * (map.up.high - map.up.low);
        return map.observation(across, up);
      }).flat(),
    );

  const maps = async (): Promise<void> => {
    if (!states) return;
    const policy = await algorithm.act(states, { rng: new Rng(0) });
    const rows = mapSize * mapSize;
    const observed = { data: states, shape: [rows, states.length / rows], dtype: "float32" } as const;
    const valueOf = (x: Tensor): Tensor => {
      if (algorithm instanceof Ppo || algorithm instanceof A2c) return algorithm.networks.model.forward(x).values;
      // Of its best action, by the critic that promises less.
      if (algorithm instanceof Sac) return minimum(...algorithm.critic.forward(x, algorithm.actor.forward(x).mode()));
      if (algorithm instanceof Dqn) return max(algorithm.network.expected(algorithm.network.forward(x)), -1);
      throw new DlError(`Expected an agent of PPO, A2C, DQN or SAC, got one of ${algorithm.name}.`);
    };
    const { data } = await device.compute(() => valueOf(tensor(observed)));
    emit({ kind: "maps", policy: policy.slice(), value: data as Float32Array });
  };

  let lastEpisode = Number.NEGATIVE_INFINITY;
  let lastMaps = Number.NEGATIVE_INFINITY;
  let shown = 0;
  const show = async (): Promise<void> => {
    if (performance.now() - lastMaps > mapsEvery) {
      await maps();
      lastMaps = performance.now();
    }
    if (performance.now() - lastEpisode > episodeEvery) {
      emit({ kind: "episode", ...(await play(new Rng(settings.seed).fork(`watch ${shown++}`))) });
      lastEpisode = performance.now();
    }
  };

  return {
    async run() {
      await show();
      const { reason } = await learn(algorithm, {
        signal,
        async onLog({ steps, return_mean = Number.NaN, episodes = 0, steps_per_second = 0, ...row }) {
          emit({
            kind: "log",
            steps,
            total: settings.steps,
            goal: task.goal,
            meanReturn: return_mean,
            episodes,
            stepsPerSecond: steps_per_second,
            row,
          });
          await show();
          await pacer.turn();
        },
      });
      lastEpisode = lastMaps = Number.NEGATIVE_INFINITY;
      if (!signal.aborted) await show();
      return reason;
    },
    async files() {
      const { task, steps, seed } = settings;
      const run = { format: "dl-agent-run-1", task, settings: { seed, steps, backend: "auto", threads: null } };
      const saved = (await algorithm.save()) as Uint8Array<ArrayBuffer>;
      const json = new TextEncoder().encode(`${JSON.stringify(run, null, 2)}\n`);
      // The one is what `dl watch` shows, the other what `dl resume` goes on from.
      return { "run.json": json, "agent.safetensors": saved, "checkpoint.safetensors": saved };
    },
    asks: {
      episode: async ({ seed }) => {
        const { sum, steps } = await play(new Rng(seed));
        return { sum, steps };
      },
    },
    async [Symbol.asyncDispose]() {
      algorithm[Symbol.dispose]();
    },
  };
};
