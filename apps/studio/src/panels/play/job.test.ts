import { wasm } from "@dl/backend-wasm";
import { openDevice, Rng, tensor } from "@dl/core";
import { prepare, Sac, tasks } from "@dl/rl";
import { expect, test } from "vitest";
import { Pacer } from "../../engine/pacer.ts";
import { mapSize, type PlayEvent } from "./contract.ts";
import { openPlay } from "./job.ts";

test("an agent of SAC expects of a state what the smaller of its critics promises for its action there", async () => {
  await using device = await openDevice(wasm({ threads: 1 }));
  const controller = new AbortController();
  const events: PlayEvent[] = [];
  const settings = { task: "sac-pendulum", steps: 1000, seed: 4 } as const;
  await using job = await openPlay({
    ...{ device, pacer: new Pacer(), settings, payload: undefined, files: undefined, signal: controller.signal },
    emit(event) {
      events.push(event);
      // Before it has learned anything there is a map already, which is enough.
      if (event.kind === "maps") controller.abort();
    },
  });
  await job.run();
  const maps = events.find((event) => event.kind === "maps")!;
  expect(new Set(maps.value).size).toBeGreaterThan(mapSize);

  const task = tasks.find(({ name }) => name === "sac-pendulum")!;
  const { algorithm } = prepare(task, { device, rng: new Rng(4).fork("agent"), steps: 1000 });
  using agent = algorithm as Sac;
  expect(agent).toBeInstanceOf(Sac);
  // The cell in the corner below on the left.
  const at = mapSize * (mapSize - 1);
  const [angle, speed] = [-Math.PI * (1 - 1 / mapSize), -8 * (1 - 1 / mapSize)];
  const observation = Float32Array.of(Math.cos(angle), Math.sin(angle), speed);
  const action = await agent.act(observation, { rng: new Rng(0) });
  expect(maps.policy[at]).toBeCloseTo(action[0]!, 5);
  // The environment's actions reach from −2 to 2, the critics' from −1 to 1.
  const promised = await device.compute(() => {
    const inputs = [tensor([[...observation]]), tensor([[action[0]! / 2]])] as const;
    const [first, second] = agent.critic.forward(...inputs);
    return { first, second };
  });
  expect(maps.value[at]).toBeCloseTo(Math.min(promised.first.data[0]!, promised.second.data[0]!), 5);
});
