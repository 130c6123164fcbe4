import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { cartPole } from "../environments/cart-pole.ts";
import { learn } from "../learn.ts";
import type { System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import { Reinforce } from "./reinforce.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

test("REINFORCE without a baseline asks no critic, and learns from episodes that ended only", async () => {
  const make = (): Reinforce =>
    new Reinforce({
      ...{ environments: systemCopies(cartPole() as System, { count: 2 }), device, rng: new Rng(1), totalSteps: 400 },
      ...{ hidden: [8], rolloutSteps: 40, baseline: false },
    });
  using one = make();
  using other = make();
  for (const parameter of other.model.critic.parameters())
    parameter.load(hostTensor(new Float32Array(parameter.shape.reduce((a, b) => a * b, 1)).fill(50), parameter.shape));
  await learn(one);
  const { logs } = await learn(other);
  for (const [i, parameter] of one.model.policy.parameters().entries())
    expect((await other.model.policy.parameters()[i]!.read()).data).toEqual((await parameter.read()).data);
  expect(logs.at(-1)).not.toHaveProperty("value_loss");
  // Nobody falls within two steps: there is nothing to learn from.
  using early = new Reinforce({
    ...{ environments: systemCopies(cartPole() as System, { count: 2 }), device, rng: new Rng(1), totalSteps: 4 },
    ...{ hidden: [8], rolloutSteps: 2, baseline: false },
  });
  await learn(early);
  expect(early.updates).toBe(0);
});
