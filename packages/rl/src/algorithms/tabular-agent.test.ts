import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { blackjack } from "../environments/blackjack.ts";
import { cartPole } from "../environments/cart-pole.ts";
import { cliffWalking } from "../environments/cliff-walking.ts";
import { pendulum } from "../environments/pendulum.ts";
import { taxi } from "../environments/taxi.ts";
import { evaluatePolicy } from "../evaluate.ts";
import { learn } from "../learn.ts";
import type { System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import { TabularQ } from "./tabular-agent.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

const copies = (system: unknown, count: number) => systemCopies(system as System, { count });

test("walks along the cliff by the shortest way, as the plain loop does", async () => {
  const cliff = cliffWalking({ maxSteps: 200 });
  const rng = new Rng(1);
  using agent = new TabularQ({ environments: copies(cliff, 1), device, rng, learningRate: 0.5, exploration: 0.1, totalSteps: 20_000 });
  await learn(agent);
  expect((await evaluatePolicy(agent, { environments: copies(cliff, 2), rng, episodes: 2 })).mean).toBe(-13);
});

test("what the mask bars is neither tried nor hoped for, in several copies at once", async () => {
  const rng = new Rng(2);
  const cab = taxi();
  using agent = new TabularQ({ environments: copies(cab, 4), device, rng, learningRate: 0.5, totalSteps: 60_000 });
  await learn(agent);
  const touched = [...agent.table.values.keys()].filter((at) => {
    const row = new Uint8Array(6);
    cab.mask!(Float64Array.of(Math.floor(at / 6)), 0, row, 0);
    return row[at % 6] === 0 && agent.table.values[at] !== 0;
  });
  // Barred ways keep the zeros they began with, which are above nearly all that is learned.
  expect(touched).toEqual([]);
  const { mean, lengths } = await evaluatePolicy(agent, { environments: copies(cab, 10), rng, episodes: 100 });
  expect(Math.max(...lengths)).toBeLessThan(30);
  expect(mean).toBeGreaterThan(6);
});

test("observations of several numbers are one state", async () => {
  using agent = new TabularQ({ environments: copies(blackjack(), 1), device, rng: new Rng(1), roundSteps: 16 });
  expect(agent.table.states).toBe(32 * 11 * 2);
  agent.table.values[2 * ((20 * 11 + 10) * 2 + 1) + 1] = 1;
  expect([...(await agent.act(Float32Array.of(20, 10, 1, 20, 10, 0), { rng: new Rng(1) }))]).toEqual([1, 0]);
});

test("worlds that fit no table are refused", () => {
  const make = (system: unknown) => () => new TabularQ({ environments: copies(system, 1), device, rng: new Rng(1) });
  expect(make(cartPole())).toThrow("TabularQ: expected observations that are choices, got Box([4]");
  expect(make(pendulum())).toThrow("TabularQ: expected one discrete action, got Box([1], -2 to 2)");
});
