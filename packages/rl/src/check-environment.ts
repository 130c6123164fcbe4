/** Finds the usual mistakes in an environment, before an algorithm trips over them. After Gymnasium's checker. */

import type { Rng } from "@dl/core";
import type { Environment } from "./environment.ts";
import { Box } from "./spaces/box.ts";
import { Discrete } from "./spaces/discrete.ts";
import { sameSpace } from "./spaces/space.ts";

export interface CheckEnvironmentOptions {
  rng: Rng;
  /** Random steps to try. Default 500. */
  steps?: number;
  /** A second copy: its episodes must be the first one's, given the same generator. Default: the same one is reset. */
  twin?: Environment;
}

/**
 * Plays at random and returns what is wrong, in words; nothing found gives `[]`.
 *
 * Looks at: spaces, forms and bounds of observations, rewards (finite, within their range), flags, the same episode from the same generator,
 * observations that change after they were handed out, and masks, which the random actions keep to.
 *
 * @example
 * checkEnvironment(environmentOf(cartPole()), { rng }); // []
 */
export function checkEnvironment(environment: Environment, { rng, steps = 500, twin = environment }: CheckEnvironmentOptions): string[] {
  const findings = new Set<string>();
  const { name, observationSpace, actionSpace, rewardRange = [-Infinity, Infinity] } = environment;
  const fail = (problem: string): void => {
    findings.add(`${name}: ${problem}`);
  };
  if (actionSpace instanceof Box && !actionSpace.bounded) {
    fail(`expected actions with finite bounds, got ${actionSpace}. Give bounds: agents scale and clip by them.`);
  } else if (actionSpace instanceof Box && !actionSpace.low.every((low, i) => Math.abs(low + actionSpace.high[i]!) < 1e-6)) {
    fail(`expected actions symmetric around 0, got ${actionSpace}. Wrap the environment in rescaleAction.`);
  }
  if (twin !== environment && (!sameSpace(twin.observationSpace, observationSpace) || !sameSpace(twin.actionSpace, actionSpace))) {
    fail("expected a twin with the same spaces, got others.");
  }

  /** A random episode's observations, rewards and ends, as text; the generators are the same each time. */
  const play = (world: Environment, report: (problem: string) => void): string => {
    const chance = rng.fork("environment");
    const actions = rng.fork("actions");
    const story: unknown[] = [];
    let kept: { observation: unknown; text: string } | undefined;
    const see = (where: string, observation: unknown): void => {
      if (!observationSpace.contains(observation))
        report(`${where}: expected an observation in ${observationSpace}, got ${show(observation)}.`);
      if (kept !== undefined && show(kept.observation) !== kept.text) {
        report(`${where}: expected earlier observations to stay as they are, got one that changed. Hand out a copy.`);
      }
      kept = { observation, text: show(observation) };
      story.push(kept.text);
    };
    try {
      see("reset", world.reset(chance)?.observation);
      for (let i = 0; i < steps; i++) {
        const mask = world.actionMask?.();
        const fits = actionSpace instanceof Discrete && mask?.length === actionSpace.choices && mask.includes(1);
        if (mask !== undefined && !fits) {
          report(`actionMask: expected a 0 or 1 for each choice of ${actionSpace}, at least one of them 1, got [${mask.join(", ")}].`);
        }
        const step = world.step(fits ? actionSpace.sample(actions, mask) : actionSpace.sample(actions));
        see("step", step?.observation);
        const { reward, terminated, truncated } = step;
        if (!Number.isFinite(reward)) report(`step: expected a finite reward, got ${String(reward)}.`);
        else if (reward < rewardRange[0] - 1e-9 || reward > rewardRange[1] + 1e-9) {
          report(`step: expected a reward from ${rewardRange[0]} to ${rewardRange[1]}, got ${reward}. Correct rewardRange.`);
        }
        if (typeof terminated !== "boolean" || typeof truncated !== "boolean") {
          report(`step: expected terminated and truncated as booleans, got ${String(terminated)} and ${String(truncated)}.`);
        }
        story.push(reward, terminated, truncated);
        if (terminated || truncated) see("reset", world.reset(chance)?.observation);
      }
    } catch (error) {
      report(`expected ${steps} random steps, got an exception: ${error instanceof Error ? error.message : String(error)}.`);
    }
    return JSON.stringify(story);
  };

  const first = play(environment, fail);
  const second = play(twin, () => {});
  if (first !== second) {
    fail(
      "expected the same episode from the same generator, got another. Draw everything from the generator given to reset, and reset everything.",
    );
  }
  return [...findings];
}

/** @internal A value as it is told in an error. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return `the list [${value.map(show).join(", ")}], which is no typed array`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} [${(value as Float32Array).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${key}: ${show(item)}`)
      .join(", ")} }`;
  return String(value);
}
