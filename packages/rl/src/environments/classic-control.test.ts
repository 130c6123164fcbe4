import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import { environmentOf, type System } from "../system.ts";
import { acrobot } from "./acrobot.ts";
import { cartPole } from "./cart-pole.ts";
import { mountainCar } from "./mountain-car.ts";
import { mountainCarContinuous } from "./mountain-car-continuous.ts";
import { pendulum } from "./pendulum.ts";
import { type Deviation, replay } from "./trajectory-fixture.ts";

function expectEqual(deviation: Deviation, { state }: { state: number }): void {
  expect(deviation.steps).toBeGreaterThan(50);
  expect(deviation.flags).toBe(0);
  expect(deviation.state).toBeLessThan(state);
  expect(deviation.reward).toBeLessThan(1e-8);
  expect(deviation.observation).toBeLessThan(1e-5);
}

test("cart pole goes where Gymnasium's goes", () =>
  expectEqual(
    replay(cartPole(), (a) => a),
    { state: 1e-9 },
  ));
test("the mountain car goes where Gymnasium's goes", () =>
  expectEqual(
    replay(mountainCar(), (a) => a),
    { state: 1e-9 },
  ));
test("the pendulum goes where Gymnasium's goes", () =>
  expectEqual(
    replay(pendulum(), (a) => Float32Array.of(a)),
    { state: 1e-9 },
  ));
// Runge–Kutta over a chaotic system: 200 steps blow up the last digits of sine and cosine.
test("the acrobot goes where Gymnasium's goes", () =>
  expectEqual(
    replay(acrobot(), (a) => a),
    { state: 1e-8 },
  ));
// Gymnasium keeps this one in float32.
test("the car with a throttle goes where Gymnasium's goes", () =>
  expectEqual(
    replay(mountainCarContinuous(), (a) => Float32Array.of(a)),
    { state: 1e-5 },
  ));

test("first states are where they are said to be", () => {
  const extremes = (system: System<Float32Array, unknown>): number[][] => {
    const world = environmentOf(system);
    const rng = new Rng(3);
    const states = Array.from({ length: 500 }, () => {
      world.reset(rng);
      return [...world.state];
    });
    return states[0]!.flatMap((_, i) => [
      Math.min(...states.map((s) => s[i]!)),
      Math.max(...states.map((s) => s[i]!)),
    ]) as unknown as number[][];
  };
  const near = (actual: unknown, bounds: number[], slack: number): void => {
    for (const [i, bound] of bounds.entries()) {
      const value = (actual as number[])[i]!;
      expect(Math.abs(value)).toBeLessThanOrEqual(Math.abs(bound) + 1e-12);
      expect(Math.abs(value - bound)).toBeLessThanOrEqual(slack);
    }
  };
  near(extremes(cartPole()), [-0.05, 0.05, -0.05, 0.05, -0.05, 0.05, -0.05, 0.05], 0.002);
  near(extremes(acrobot()), [-0.1, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1], 0.004);
  near(extremes(pendulum()), [-Math.PI, Math.PI, -1, 1], 0.1);
  const car = extremes(mountainCar()) as unknown as number[];
  expect(car[0]).toBeGreaterThanOrEqual(-0.6);
  expect(car[1]).toBeLessThanOrEqual(-0.4);
  expect(car.slice(2)).toEqual([0, 0]);
});

test("a time limit truncates, and does not terminate", () => {
  const world = environmentOf(pendulum());
  world.reset(new Rng(1));
  for (let t = 1; t < 200; t++) expect(world.step(Float32Array.of(0)).truncated).toBe(false);
  expect(world.step(Float32Array.of(0))).toMatchObject({ terminated: false, truncated: true });
});

test("actions that are none are refused, and a step before reset", () => {
  const world = environmentOf(cartPole());
  expect(() => world.step(0)).toThrow("CartPole-v1: step: expected reset before the first step");
  world.reset(new Rng(1));
  for (const action of [2, -1, 0.5, Number.NaN, "left" as unknown as number]) {
    expect(() => world.step(action)).toThrow(/CartPole-v1: step: expected an action in Discrete\(2\), got/);
  }
  const swing = environmentOf(pendulum());
  swing.reset(new Rng(1));
  expect(() => swing.step(Float32Array.of(Number.NaN))).toThrow("expected an action in Box([1], -2 to 2), got NaN");
  expect(() => swing.step(Float32Array.of(1, 2))).toThrow("expected an action in Box([1], -2 to 2)");
  expect(() => swing.reset(new Rng(1), { state: [1] })).toThrow("expected 2 finite numbers as state");
});
