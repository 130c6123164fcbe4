import { OptionError, Rng } from "@dl/core";
import { expect, test } from "vitest";
import { EnvironmentError } from "../errors.ts";
import type { VectorEnvironment } from "../vector/vector-environment.ts";
import { openWorkerEnvironments } from "./worker-environments.ts";
import { environments } from "./worlds-fixture.ts";

const module = new URL("./worlds-fixture.ts", import.meta.url);
// Vitest resolves packages to their sources in its own way, which threads do not inherit.
const execArgv = ["--conditions=@dl/source"];

async function story(worlds: VectorEnvironment, steps: number): Promise<unknown[]> {
  const rng = new Rng(5);
  const actions = rng.fork("actions");
  const told: unknown[] = [[...(await worlds.reset(rng.fork("worlds")))]];
  for (let t = 0; t < steps; t++) {
    const row = Float32Array.from({ length: worlds.count }, () => worlds.actionSpace.sample(actions) as number);
    const { observations, nextObservations, rewards, terminated, truncated, episodes, nextMasks } = await worlds.step(row);
    told.push([
      [...observations],
      [...nextObservations],
      [...rewards],
      [...terminated],
      [...truncated],
      [...episodes],
      [...(worlds.actionMasks?.() ?? [])],
      [...(nextMasks ?? [])],
    ]);
  }
  return told;
}

test("any number of threads gives the episodes that one thread gives", async () => {
  for (const input of [undefined, "taxi"]) {
    const expected = await story(environments({ count: 5, first: 0 }, input), 40);
    await using three = await openWorkerEnvironments(module, { count: 5, workers: 3, input, execArgv });
    expect(await story(three, 40)).toEqual(expected);
  }
});

test("an environment that throws, exits or hangs in a thread is named, and nothing is left running", async () => {
  const failing = async (input: string, message: RegExp): Promise<void> => {
    const worlds = await openWorkerEnvironments(module, { count: 4, workers: 2, input, timeout: 2, execArgv });
    await expect(story(worlds, 10)).rejects.toThrow(message);
    await expect(story(worlds, 1)).rejects.toThrow(EnvironmentError);
  };
  await failing("throw", /copies 2 to 3 in their thread: step: Breaking: step of copy 0: the cart has no wheels/);
  await failing("exit", /copies 2 to 3 in their thread: the thread ended with exit code 3/);
  await failing("hang", /expected an answer within 2 s, got none: it is stuck/);
});

test("a module without environments and wrong counts say so", async () => {
  const without = new URL("../schedule.ts", import.meta.url);
  await expect(openWorkerEnvironments(without, { count: 2, execArgv })).rejects.toThrow(
    /to export a function environments\(\{ count, first \}, input\), got undefined/,
  );
  await expect(openWorkerEnvironments(module, { count: 1, workers: 2, execArgv })).rejects.toThrow(OptionError);
  await using worlds = await openWorkerEnvironments(module, { count: 2, workers: 1, execArgv });
  await expect(worlds.step(new Float32Array(3))).rejects.toThrow("expected 2 rows of 1 actions, got 3 numbers");
});
