/**
 * LunarLander: land between two flags, with a main engine and two at the sides. Klimov 2016; after Gymnasium's LunarLander-v3, its numbers and rewards,
 * on Planck, a Box2D in TypeScript: not to the bit the same as Box2D in C++.
 */

import { OptionError, Rng } from "@dl/core";
import { type Body, Box as BoxShape, Edge, Polygon, RevoluteJoint, Vec2, World } from "planck";
import type { Drawing, Shape2d } from "../drawing/drawing.ts";
import type { Environment, Reset, Step } from "../environment.ts";
import { EnvironmentError } from "../errors.ts";
import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";

const framesPerSecond = 50;
const scale = 30;
const width = 600 / scale;
const height = 400 / scale;
const mainPower = 13;
const sidePower = 0.6;
const legAway = 20 / scale;
const legDown = 18 / scale;
const sideAway = 12 / scale;
const hull = [
  [-14, 17],
  [-17, 0],
  [-17, -10],
  [17, -10],
  [17, 0],
  [14, 17],
] as const;

export interface LunarLanderOptions {
  /** Default −10; from −12 to 0. */
  gravity?: number;
  /** Strength of the wind, 0 for none; 15 is usual, and 1.5 for turbulence. Default none. */
  wind?: { readonly power: number; readonly turbulence: number };
  /** Default 1000. */
  maxSteps?: number;
}

/**
 * Observation: x and y from the pad (1 is the edge of the view, and the start's height 1.4), their velocities, angle (rad), angular velocity (in 0.4 rad/s),
 * contact of either leg. Action: 0 nothing, 1 left engine, 2 main engine, 3 right engine. Reward: for coming nearer, slower and upright, 10 a leg on
 * the ground, −0.3 and −0.03 for the engines, ±100 for landing or crashing. 200 an episode counts as solved.
 */
export function lunarLander(options: LunarLanderOptions = {}): Environment<Float32Array, number> {
  const lander = new LunarLander(options);
  return lander.environment("LunarLander-v3", new Discrete(4), (action) => [
    action === 2 ? 1 : 0,
    action === 1 ? -1 : action === 3 ? 1 : 0,
  ]);
}

/** The same with throttles: main from 0 to 1 is 50 % to 100 % and below is off; sides fire beyond ±0.5. */
export function lunarLanderContinuous(options: LunarLanderOptions = {}): Environment<Float32Array, Float32Array> {
  const lander = new LunarLander(options);
  const clip = (value: number): number => Math.min(Math.max(value, -1), 1);
  return lander.environment("LunarLanderContinuous-v3", new Box({ shape: [2], low: -1, high: 1 }), ([main, side]) => {
    const throttle = clip(main!);
    const push = clip(side!);
    return [throttle > 0 ? (throttle + 1) / 2 : 0, Math.abs(push) > 0.5 ? push : 0];
  });
}

/** Power of the main engine from 0 to 1, and of the side engines, negative to the left. */
type Engines = readonly [number, number];

class LunarLander {
  readonly #gravity: number;
  readonly #wind: LunarLanderOptions["wind"];
  readonly #maxSteps: number;
  #rng: Rng = new Rng(0);
  #parts: { world: World; body: Body; legs: readonly [Body, Body]; ground: readonly (readonly [number, number])[] } | undefined;
  #touching: [number, number] = [0, 0];
  #crashed = false;
  #shaping: number | undefined;
  #steps = 0;
  #gusts: [number, number] = [0, 0];
  #engines: Engines = [0, 0];

  constructor({ gravity = -10, wind, maxSteps = 1000 }: LunarLanderOptions) {
    if (!(gravity > -12 && gravity < 0)) throw new OptionError(`lunarLander: expected a gravity between −12 and 0, got ${gravity}.`);
    this.#gravity = gravity;
    this.#wind = wind;
    this.#maxSteps = maxSteps;
  }

  environment<A>(
    name: string,
    actionSpace: Environment<Float32Array, A>["actionSpace"],
    engines: (action: A) => Engines,
  ): Environment<Float32Array, A> {
    const bounds = [2.5, 2.5, 10, 10, 2 * Math.PI, 10];
    return {
      name,
      observationSpace: new Box({ low: [...bounds.map((bound) => -bound), 0, 0], high: [...bounds, 1, 1] }),
      actionSpace,
      reset: (rng) => this.#reset(rng),
      step: (action) => {
        const fits =
          actionSpace instanceof Box
            ? (action as Float32Array)?.length === 2 && (action as Float32Array).every(Number.isFinite)
            : actionSpace.contains(action);
        if (!fits) throw new EnvironmentError(`${name}: step: expected an action in ${actionSpace}, got ${String(action)}.`);
        if (!this.#parts) throw new EnvironmentError(`${name}: step: expected reset before the first step, got none.`);
        return this.#step(engines(action));
      },
      draw: () => this.#draw(),
    };
  }

  #reset(rng: Rng): Reset<Float32Array> {
    this.#rng = rng;
    const world = new World({ gravity: new Vec2(0, this.#gravity), allowSleep: true });
    const ground = this.#terrain(world);
    const body = world.createBody({ type: "dynamic", position: new Vec2(width / 2, height) });
    body.createFixture({
      shape: new Polygon(hull.map(([x, y]) => new Vec2(x / scale, y / scale))),
      density: 5,
      friction: 0.1,
      filterCategoryBits: 0x10,
      filterMaskBits: 0x1,
    });
    body.applyForceToCenter(new Vec2(rng.float(-1000, 1000), rng.float(-1000, 1000)), true);
    const legs = ([-1, 1] as const).map((side) => {
      const leg = world.createBody({ type: "dynamic", position: new Vec2(width / 2 - side * legAway, height), angle: side * 0.05 });
      leg.createFixture({ shape: new BoxShape(2 / scale, 8 / scale), density: 1, filterCategoryBits: 0x20, filterMaskBits: 0x1 });
      world.createJoint(
        new RevoluteJoint({
          bodyA: body,
          bodyB: leg,
          localAnchorA: new Vec2(0, 0),
          localAnchorB: new Vec2(side * legAway, legDown),
          referenceAngle: 0,
          enableMotor: true,
          enableLimit: true,
          maxMotorTorque: 40,
          motorSpeed: 0.3 * side,
          lowerAngle: side === -1 ? 0.4 : -0.9,
          upperAngle: side === -1 ? 0.9 : -0.4,
        }),
      );
      return leg;
    }) as unknown as readonly [Body, Body];
    this.#touching = [0, 0];
    this.#crashed = false;
    const count = (contact: { getFixtureA(): { getBody(): Body }; getFixtureB(): { getBody(): Body } }, change: number): void => {
      const bodies = [contact.getFixtureA().getBody(), contact.getFixtureB().getBody()];
      if (change > 0 && bodies.includes(body)) this.#crashed = true;
      for (const i of [0, 1] as const) if (bodies.includes(legs[i])) this.#touching[i] += change;
    };
    world.on("begin-contact", (contact) => count(contact, 1));
    world.on("end-contact", (contact) => count(contact, -1));
    this.#parts = { world, body, legs, ground };
    this.#shaping = undefined;
    this.#steps = 0;
    if (this.#wind) this.#gusts = [rng.integer(-9999, 9999), rng.integer(-9999, 9999)];
    // As in Gymnasium, an episode begins one idle step after the push.
    const { observation } = this.#step([0, 0]);
    this.#steps = 0;
    return { observation, info: {} };
  }

  /** Random hills with a flat pad in the middle; gives the line of the ground. */
  #terrain(world: World): readonly (readonly [number, number])[] {
    const chunks = 11;
    const middle = Math.floor(chunks / 2);
    const heights = Array.from({ length: chunks + 1 }, (_, i) => {
      const random = this.#rng.float(0, height / 2);
      return Math.abs(i - middle) <= 2 ? height / 4 : random;
    });
    // The first is smoothed with the last: Python counts −1 from the end.
    const line = Array.from({ length: chunks }, (_, i) => {
      const around = heights.at(i - 1)! + heights[i]! + heights[i + 1]!;
      return [(width / (chunks - 1)) * i, 0.33 * around] as const;
    });
    const moon = world.createBody();
    moon.createFixture({ shape: new Edge(new Vec2(0, 0), new Vec2(width, 0)) });
    for (let i = 0; i + 1 < chunks; i++) {
      moon.createFixture({ shape: new Edge(new Vec2(...line[i]!), new Vec2(...line[i + 1]!)), friction: 0.1 });
    }
    return line;
  }

  #step(engines: Engines): Step<Float32Array> {
    const { world, body } = this.#parts!;
    this.#engines = engines;
    this.#blow(body);
    this.#fire(body, engines);
    world.step(1 / framesPerSecond, 180, 60);
    this.#steps++;

    const position = body.getPosition();
    const velocity = body.getLinearVelocity();
    const observation = Float32Array.of(
      (position.x - width / 2) / (width / 2),
      (position.y - (height / 4 + legDown)) / (height / 2),
      (velocity.x * (width / 2)) / framesPerSecond,
      (velocity.y * (height / 2)) / framesPerSecond,
      body.getAngle(),
      (20 * body.getAngularVelocity()) / framesPerSecond,
      this.#touching[0] > 0 ? 1 : 0,
      this.#touching[1] > 0 ? 1 : 0,
    );
    const [x, y, vx, vy, angle, , left, right] = observation as unknown as readonly number[];
    const shaping = -100 * Math.hypot(x!, y!) - 100 * Math.hypot(vx!, vy!) - 100 * Math.abs(angle!) + 10 * left! + 10 * right!;
    let reward = this.#shaping === undefined ? 0 : shaping - this.#shaping;
    this.#shaping = shaping;
    reward -= 0.3 * engines[0] + 0.03 * Math.abs(engines[1]);
    let terminated = false;
    if (this.#crashed || Math.abs(x!) >= 1) {
      terminated = true;
      reward = -100;
    }
    if (!body.isAwake()) {
      terminated = true;
      reward = 100;
    }
    return { observation, reward, terminated, truncated: this.#steps >= this.#maxSteps, info: {} };
  }

  /** Impulses of the engines, each a little off its axis by chance. */
  #fire(body: Body, [main, side]: Engines): void {
    const angle = body.getAngle();
    const tip = [Math.sin(angle), Math.cos(angle)] as const;
    const across = [-tip[1], tip[0]] as const;
    const { x, y } = body.getPosition();
    const dispersion = [this.#rng.float(-1, 1) / scale, this.#rng.float(-1, 1) / scale] as const;
    if (main > 0) {
      const along = 4 / scale + 2 * dispersion[0];
      const ox = tip[0] * along + across[0] * dispersion[1];
      const oy = -tip[1] * along - across[1] * dispersion[1];
      body.applyLinearImpulse(new Vec2(-ox * mainPower * main, -oy * mainPower * main), new Vec2(x + ox, y + oy), true);
    }
    if (side !== 0) {
      const out = 3 * dispersion[1] + Math.sign(side) * sideAway;
      const ox = tip[0] * dispersion[0] + across[0] * out;
      const oy = -tip[1] * dispersion[0] - across[1] * out;
      // 17 beside 14 is Gymnasium's, and turns the lander a little when it leans.
      const place = new Vec2(x + ox - (tip[0] * 17) / scale, y + oy + (tip[1] * 14) / scale);
      const power = sidePower * Math.abs(side);
      body.applyLinearImpulse(new Vec2(-ox * power, -oy * power), place, true);
    }
  }

  #blow(body: Body): void {
    if (!this.#wind || this.#touching[0] > 0 || this.#touching[1] > 0) return;
    const gust = (i: 0 | 1): number => {
      const t = this.#gusts[i]++;
      return Math.tanh(Math.sin(0.02 * t) + Math.sin(Math.PI * 0.01 * t));
    };
    body.applyForceToCenter(new Vec2(gust(0) * this.#wind.power, 0), true);
    body.applyTorque(gust(1) * this.#wind.turbulence, true);
  }

  #draw(): Drawing {
    if (!this.#parts) throw new EnvironmentError("LunarLander-v3: draw: expected reset before, got none.");
    const { body, legs, ground } = this.#parts;
    const toView = (x: number, y: number): readonly [number, number] => [x * scale, 400 - y * scale];
    const outline = (of: Body): Shape2d => {
      const { m_vertices: vertices } = of.getFixtureList()!.getShape() as unknown as { m_vertices: readonly { x: number; y: number }[] };
      const points = vertices.map(({ x, y }) => of.getWorldPoint(new Vec2(x, y))).map(({ x, y }) => toView(x, y));
      return { kind: "polygon", points, fill: "#8066e6", stroke: "#4d4d80" };
    };
    const flag = (x: number): Shape2d[] => {
      const [left, bottom] = toView(x, height / 4);
      return [
        {
          kind: "line",
          points: [
            [left, bottom],
            [left, bottom - 50],
          ],
          stroke: "#ffffff",
        },
        {
          kind: "polygon",
          points: [
            [left, bottom - 50],
            [left + 25, bottom - 45],
            [left, bottom - 40],
          ],
          fill: "#cccc00",
        },
      ];
    };
    const flames: Shape2d[] = [];
    if (this.#engines[0] > 0) {
      const { x, y } = body.getWorldPoint(new Vec2(0, -0.7));
      const [flameX, flameY] = toView(x, y);
      flames.push({ kind: "circle", x: flameX, y: flameY, radius: 7 * this.#engines[0], fill: "#ff9030" });
    }
    if (this.#engines[1] !== 0) {
      const { x, y } = body.getWorldPoint(new Vec2(-Math.sign(this.#engines[1]) * 0.7, 0.3));
      const [flameX, flameY] = toView(x, y);
      flames.push({ kind: "circle", x: flameX, y: flameY, radius: 4, fill: "#ff9030" });
    }
    return {
      width: 600,
      height: 400,
      background: "#000010",
      shapes: [
        { kind: "polygon", points: [...ground.map(([x, y]) => toView(x, y)), [600, 400], [0, 400]], fill: "#ffffff" },
        ...flag(width * 0.4),
        ...flag(width * 0.6),
        ...flames,
        ...legs.map(outline),
        outline(body),
      ],
    };
  }
}
