import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { type Environment, environmentCopies, environmentOf, pendulum, prepare, sacPendulum } from "@dl/rl";
import { expect, test } from "vitest";
import { evaluateApart } from "./evaluate-task.ts";
import { playEpisode } from "./play-episode.ts";

test("worlds to evaluate and to film in are closed: a robot's memory is not JavaScript's", async () => {
  await using device = await openDevice(cpu());
  let open = 0;
  let made = 0;
  const world = (): Environment => {
    open++;
    made++;
    const one = environmentOf(pendulum());
    const { name, observationSpace, actionSpace } = one;
    return {
      ...{ name, observationSpace, actionSpace, draw: one.draw },
      reset: (rng) => one.reset(rng),
      step: (action) => one.step(action as Float32Array),
      close: () => void open--,
    };
  };
  const task = { ...sacPendulum, world, worlds: (count: number) => environmentCopies(Array.from({ length: count }, world)) };
  const prepared = prepare(task, { device, rng: new Rng(1) });
  using _agent = prepared.algorithm;
  await evaluateApart(prepared, { copies: 3, rng: new Rng(2), episodes: 3 });
  await playEpisode(prepared, new Rng(3));
  // What is open still is what the agent trains in.
  expect([made, open]).toEqual([5, 1]);
});
