/** Pictures that say what is on them: two shapes on a plain ground, and a sentence for it. Made here, so that any number can be had. */

import { type HostTensor, hostTensor, type Rng } from "@dl/core";

const colours: Readonly<Record<string, readonly [number, number, number]>> = {
  red: [0.9, 0.15, 0.15],
  green: [0.15, 0.75, 0.2],
  blue: [0.15, 0.3, 0.95],
  yellow: [0.95, 0.9, 0.2],
  purple: [0.6, 0.2, 0.75],
  orange: [0.95, 0.55, 0.1],
  white: [0.97, 0.97, 0.97],
  black: [0.05, 0.05, 0.05],
};

/** Whether a point is in a shape of radius 1 around the origin; y points down. */
const shapes: Readonly<Record<string, (y: number, x: number) => boolean>> = {
  circle: (y, x) => y * y + x * x <= 1,
  square: (y, x) => Math.max(Math.abs(y), Math.abs(x)) <= 0.85,
  triangle: (y, x) => y <= 0.8 && Math.abs(x) <= (y + 1) * 0.55,
  cross: (y, x) => Math.min(Math.abs(y), Math.abs(x)) <= 0.3 && Math.max(Math.abs(y), Math.abs(x)) <= 1,
};

/** As shares of the picture's side. */
const radii: Readonly<Record<string, number>> = { small: 0.13, large: 0.23 };

const relations = ["left of", "above"] as const;

export interface ShapeThing {
  readonly size: string;
  readonly colour: string;
  readonly shape: string;
}

/** What a picture shows; equal scenes look different every time they are drawn. */
export interface ShapeScene {
  readonly first: ShapeThing;
  readonly relation: (typeof relations)[number];
  readonly second: ShapeThing;
}

/** Every scene there is: 64 things, two relations. */
export const sceneCount: number =
  (Object.keys(radii).length * Object.keys(colours).length * Object.keys(shapes).length) ** 2 * relations.length;

/** Scene number `index` of `sceneCount`. */
export function sceneAt(index: number): ShapeScene {
  let rest = index;
  const take = <T>(choices: readonly T[]): T => {
    const chosen = choices[rest % choices.length]!;
    rest = Math.floor(rest / choices.length);
    return chosen;
  };
  const thing = (): ShapeThing => ({
    size: take(Object.keys(radii)),
    colour: take(Object.keys(colours)),
    shape: take(Object.keys(shapes)),
  });
  return { first: thing(), second: thing(), relation: take(relations) };
}

/** `a small red circle left of a large blue square` */
export function captionOf({ first, relation, second }: ShapeScene): string {
  const name = ({ size, colour, shape }: ShapeThing): string => `a ${size} ${colour} ${shape}`;
  return `${name(first)} ${relation} ${name(second)}`;
}

/** A drawing of the scene: the ground's grey, places and shades are chance. `[side, side, 3]` in [0, 1]. */
export function drawScene({ first, relation, second }: ShapeScene, { side, rng }: { side: number; rng: Rng }): HostTensor {
  const ground = rng.float(0.35, 0.6);
  const image = rng.normal([side, side, 3], ground, 0.03).data as Float32Array;
  for (const [i, { size, colour, shape }] of [first, second].entries()) {
    const radius = radii[size]! * side;
    // Each stays in its half, so that the relation is seen.
    const along = rng.float(i * (side / 2) + radius, (i + 1) * (side / 2) - radius);
    const across = rng.float(radius, side - radius);
    const [middleY, middleX] = relation === "above" ? [along, across] : [across, along];
    const shade = rng.float(0.85, 1);
    for (let at = 0; at < side * side; at++) {
      const [y, x] = [Math.floor(at / side) + 0.5, (at % side) + 0.5];
      if (!shapes[shape]!((y - middleY) / radius, (x - middleX) / radius)) continue;
      for (let channel = 0; channel < 3; channel++) image[3 * at + channel] = colours[colour]![channel]! * shade + rng.float(-0.02, 0.02);
    }
  }
  for (let i = 0; i < image.length; i++) image[i] = Math.min(1, Math.max(0, image[i]!));
  return hostTensor(image, [side, side, 3]);
}
