/**
 * BipedalWalker: walk to the right on two legs with knees, feeling the ground with ten rays. Klimov 2016; after Gymnasium's BipedalWalker-v3, its numbers and
 * rewards, on Planck, a Box2D in TypeScript: not to the bit the same as Box2D in C++.
 */

import type { Rng } from "@dl/core";
import { type Body, Box as BoxShape, type Contact, Edge, Polygon, RevoluteJoint, Vec2, World } from "planck";
import type { Environment, Reset, Step } from "../environment.ts";
import { EnvironmentError } from "../errors.ts";
import { Box } from "../spaces/box.ts";
import { drawWalker } from "./draw-walker.ts";
import { grassLength, makeTerrain, startPad, type Terrain, terrainHeight, terrainLength, terrainStep } from "./walker-terrain.ts";

const framesPerSecond = 50;
const scale = 30;
const motorTorque = 80;
const hipSpeed = 4;
const kneeSpeed = 6;
const lidarRange = 160 / scale;
const rays = 10;
const legDown = -8 / scale;
const legWidth = 8 / scale;
const legHeight = 34 / scale;
/** Of the ground; everything else is of the walker. */
const groundBit = 0x1;
const walkerFilter = { filterCategoryBits: 0x20, filterMaskBits: groundBit };
const hull = [
  [-30, 9],
  [6, 9],
  [34, 1],
  [34, -8],
  [-30, -8],
] as const;

export interface BipedalWalkerOptions {
  /** Stumps, pits and stairs. Default false. */
  hardcore?: boolean;
  /** Default 1600, and 2000 when hardcore. */
  maxSteps?: number;
}

/** What a world is made of; legs are upper and lower of either side, joints hip and knee of either. */
export interface WalkerParts {
  readonly world: World;
  readonly terrain: Terrain;
  readonly hull: Body;
  readonly legs: readonly Body[];
  readonly joints: readonly RevoluteJoint[];
}

/**
 * Observation, 24 numbers: the hull's angle (rad), angular velocity, velocity to the right and up (scaled to about ±1); for each leg the hip's angle and
 * speed, the knee's angle + 1 and speed (over 4 and 6 rad/s), whether its foot is on the ground; then ten lidar rays from straight down to ahead, as shares of
 * 5.3 m. Action: for hips and knees in turn, the sign turns and the size is the share of 80 N·m. Reward: 4.3 a metre to the right, −5 a radian of tilt,
 * −0.028 for full torque of one motor, −100 for falling; some 300 for the whole way. 1600 steps of 0.02 s.
 */
export function bipedalWalker(options: BipedalWalkerOptions = {}): Environment<Float32Array, Float32Array> {
  return new BipedalWalker(options);
}

class BipedalWalker implements Environment<Float32Array, Float32Array> {
  readonly name: string;
  readonly observationSpace: Box;
  readonly actionSpace: Box = new Box({ shape: [4], low: -1, high: 1 });
  readonly #hardcore: boolean;
  readonly #maxSteps: number;
  #parts: WalkerParts | undefined;
  readonly #grounded: [boolean, boolean] = [false, false];
  #fallen = false;
  #shaping: number | undefined;
  #steps = 0;
  /** As seen last. */
  #lidar: Float64Array = new Float64Array(rays).fill(1);

  constructor({ hardcore = false, maxSteps = hardcore ? 2000 : 1600 }: BipedalWalkerOptions) {
    this.name = hardcore ? "BipedalWalkerHardcore-v3" : "BipedalWalker-v3";
    // Joints may be five times as fast as their motors when the ground hits them.
    const leg = [Math.PI, 5, Math.PI, 5];
    const low = [Math.PI, 5, 5, 5, ...leg, 0, ...leg, 0].map((bound) => -bound);
    const high = [Math.PI, 5, 5, 5, ...leg, 5, ...leg, 5];
    const ones = new Array<number>(rays).fill(1);
    this.observationSpace = new Box({ low: [...low, ...ones.map((one) => -one)], high: [...high, ...ones] });
    this.#hardcore = hardcore;
    this.#maxSteps = maxSteps;
  }

  reset(rng: Rng): Reset<Float32Array> {
    const world = new World({ gravity: new Vec2(0, -10), allowSleep: true });
    const terrain = makeTerrain(rng, { hardcore: this.#hardcore });
    placeTerrain(world, terrain);
    const x = (terrainStep * startPad) / 2;
    const y = terrainHeight + 2 * legHeight;
    const body = world.createBody({ type: "dynamic", position: new Vec2(x, y) });
    const shape = new Polygon(hull.map(([px, py]) => new Vec2(px / scale, py / scale)));
    body.createFixture({ shape, density: 5, friction: 0.1, ...walkerFilter });
    body.applyForceToCenter(new Vec2(rng.float(-5, 5), 0), true);
    const legs: Body[] = [];
    const joints: RevoluteJoint[] = [];
    for (const side of [-1, 1]) {
      const part = (width: number, down: number): Body => {
        const leg = world.createBody({ type: "dynamic", position: new Vec2(x, y - down - legDown), angle: side * 0.05 });
        leg.createFixture({ shape: new BoxShape(width / 2, legHeight / 2), density: 1, ...walkerFilter });
        return leg;
      };
      const upper = part(legWidth, legHeight / 2);
      const lower = part(0.8 * legWidth, (legHeight * 3) / 2);
      const motor = { enableMotor: true, enableLimit: true, maxMotorTorque: motorTorque, localAnchorB: new Vec2(0, legHeight / 2) };
      const hip = { localAnchorA: new Vec2(0, legDown), lowerAngle: -0.8, upperAngle: 1.1, motorSpeed: side };
      const knee = { localAnchorA: new Vec2(0, -legHeight / 2), lowerAngle: -1.6, upperAngle: -0.1, motorSpeed: 1 };
      const join = (bodyA: Body, bodyB: Body, limits: typeof hip): RevoluteJoint =>
        world.createJoint(new RevoluteJoint({ bodyA, bodyB, referenceAngle: 0, ...motor, ...limits }))!;
      legs.push(upper, lower);
      joints.push(join(body, upper, hip), join(upper, lower, knee));
    }
    this.#listen(world, body, [legs[1]!, legs[3]!]);
    this.#parts = { world, terrain, hull: body, legs, joints };
    this.#grounded.fill(false);
    this.#fallen = false;
    this.#shaping = undefined;
    // As in Gymnasium, an episode begins one idle step after the push.
    const { observation } = this.step(new Float32Array(4));
    this.#steps = 0;
    return { observation, info: {} };
  }

  step(action: Float32Array): Step<Float32Array> {
    if (action?.length !== 4 || !action.every(Number.isFinite)) {
      throw new EnvironmentError(`${this.name}: step: expected an action in ${this.actionSpace}, got ${String(action)}.`);
    }
    const { world, hull, joints } = this.#live("step");
    for (const [i, joint] of joints.entries()) {
      joint.setMotorSpeed((i % 2 === 0 ? hipSpeed : kneeSpeed) * Math.sign(action[i]!));
      joint.setMaxMotorTorque(motorTorque * Math.min(Math.abs(action[i]!), 1));
    }
    world.step(1 / framesPerSecond, 180, 60);
    this.#steps++;
    const observation = this.#observe();
    const { x } = hull.getPosition();
    const shaping = (130 * x) / scale - 5 * Math.abs(hull.getAngle());
    let reward = this.#shaping === undefined ? 0 : shaping - this.#shaping;
    this.#shaping = shaping;
    for (const torque of action) reward -= 0.00035 * motorTorque * Math.min(Math.abs(torque), 1);
    const fell = this.#fallen || x < 0;
    return {
      observation,
      reward: fell ? -100 : reward,
      terminated: fell || x > (terrainLength - grassLength) * terrainStep,
      truncated: this.#steps >= this.#maxSteps,
      info: {},
    };
  }

  draw = (): ReturnType<typeof drawWalker> => drawWalker(this.#live("draw"), this.#lidar);

  #live(where: string): WalkerParts {
    if (!this.#parts) throw new EnvironmentError(`${this.name}: ${where}: expected reset before the first step, got none.`);
    return this.#parts;
  }

  #observe(): Float32Array {
    const { hull, joints } = this.#live("step");
    const velocity = hull.getLinearVelocity();
    const row = [
      hull.getAngle(),
      (2 * hull.getAngularVelocity()) / framesPerSecond,
      (0.3 * velocity.x * (600 / scale)) / framesPerSecond,
      (0.3 * velocity.y * (400 / scale)) / framesPerSecond,
    ];
    for (const side of [0, 1] as const) {
      const hip = joints[2 * side]!;
      const knee = joints[2 * side + 1]!;
      row.push(hip.getJointAngle(), hip.getJointSpeed() / hipSpeed, knee.getJointAngle() + 1, knee.getJointSpeed() / kneeSpeed);
      row.push(this.#grounded[side] ? 1 : 0);
    }
    this.#lidar = this.#look();
    return Float32Array.from([...row, ...this.#lidar]);
  }

  /** How far each ray goes before it meets the ground, as a share of its range. */
  #look(): Float64Array {
    const { world, hull } = this.#live("step");
    const from = hull.getPosition();
    return Float64Array.from({ length: rays }, (_, i) => {
      const angle = (1.5 * i) / rays;
      const to = new Vec2(from.x + Math.sin(angle) * lidarRange, from.y - Math.cos(angle) * lidarRange);
      let nearest = 1;
      world.rayCast(from, to, (fixture, _point, _normal, fraction) => {
        if ((fixture.getFilterCategoryBits() & groundBit) === 0) return -1;
        nearest = fraction;
        return fraction;
      });
      return nearest;
    });
  }

  #listen(world: World, body: Body, feet: readonly [Body, Body]): void {
    const note = (contact: Contact, touches: boolean): void => {
      const bodies = [contact.getFixtureA().getBody(), contact.getFixtureB().getBody()];
      if (touches && bodies.includes(body)) this.#fallen = true;
      for (const side of [0, 1] as const) if (bodies.includes(feet[side])) this.#grounded[side] = touches;
    };
    world.on("begin-contact", (contact) => note(contact, true));
    world.on("end-contact", (contact) => note(contact, false));
  }
}

function placeTerrain(world: World, { line, obstacles }: Terrain): void {
  const surface = { friction: 2.5, filterCategoryBits: groundBit };
  for (const corners of obstacles) {
    world.createBody().createFixture({ shape: new Polygon(corners.map(([x, y]) => new Vec2(x, y))), ...surface });
  }
  for (let i = 0; i + 1 < line.length; i++) {
    world.createBody().createFixture({ shape: new Edge(new Vec2(...line[i]!), new Vec2(...line[i + 1]!)), ...surface });
  }
}
