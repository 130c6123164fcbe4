/** Scenes to take apart, without a download: discs, squares and triangles of any colour on a noisy ground, each in front of the one before. */

import { type HostTensor, hostTensor, type Rng } from "@dl/core";

export const shapeNames = ["disc", "square", "triangle"] as const;

/** Largest number of shapes in a scene. */
const mostShapes = 3;

export interface ShapeBox {
  /** Place in `shapeNames`. */
  readonly label: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Scene {
  /** `[side, side, 3]` in [0, 1]. */
  readonly image: HostTensor;
  /** int32 `[side, side]`: 0 the ground, else 1 + the shape's label. */
  readonly mask: HostTensor;
  /** Around what can be seen of each shape; one that is covered by more than two thirds is left out. */
  readonly boxes: readonly ShapeBox[];
}

/** Whether a point is in a shape of size 1 around the origin; y points down. */
const contains: readonly ((y: number, x: number) => boolean)[] = [
  (y, x) => y * y + x * x <= 1,
  (y, x) => Math.max(Math.abs(y), Math.abs(x)) <= 0.85,
  (y, x) => y <= 0.8 && Math.abs(x) <= (y + 1) * 0.55,
];

/** One to three shapes. */
export function shapeScene(rng: Rng, { side }: { side: number }): Scene {
  const ground = Array.from({ length: 3 }, () => rng.float(0.2, 0.8));
  const image = rng.normal([side, side, 3], 0, 0.06).data as Float32Array;
  image.forEach((value, i) => {
    image[i] = value + ground[i % 3]!;
  });
  const mask = new Int32Array(side * side);
  const owner = new Int32Array(side * side).fill(-1);
  const labels: number[] = [];
  const areas: number[] = [];
  const count = rng.integer(1, mostShapes + 1);
  for (let shape = 0; shape < count; shape++) {
    const label = rng.integer(0, shapeNames.length);
    const radius = rng.float(side / 7, side / 3.5);
    const [middleY, middleX] = [rng.float(radius, side - radius), rng.float(radius, side - radius)];
    // Far enough from the ground that it can be seen.
    const colour = ground.map((value) => (value > 0.5 ? rng.float(0, value - 0.2) : rng.float(value + 0.2, 1)));
    labels.push(label);
    areas.push(0);
    for (let i = 0; i < side * side; i++) {
      const [y, x] = [Math.floor(i / side) + 0.5, (i % side) + 0.5];
      if (!contains[label]!((y - middleY) / radius, (x - middleX) / radius)) continue;
      mask[i] = label + 1;
      owner[i] = shape;
      areas[shape]!++;
      const light = rng.float(-0.06, 0.06);
      for (let c = 0; c < 3; c++) image[3 * i + c] = colour[c]! + light;
    }
  }
  const boxes = labels.flatMap((label, shape) => {
    let [left, top, right, bottom, seen] = [side, side, 0, 0, 0];
    owner.forEach((at, i) => {
      if (at !== shape) return;
      const [y, x] = [Math.floor(i / side), i % side];
      [left, top, right, bottom, seen] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1), seen + 1];
    });
    return seen > areas[shape]! / 3 ? [{ label, left, top, right, bottom }] : [];
  });
  return {
    image: hostTensor(
      image.map((value) => Math.min(1, Math.max(0, value))),
      [side, side, 3],
    ),
    mask: hostTensor(mask, [side, side]),
    boxes,
  };
}
