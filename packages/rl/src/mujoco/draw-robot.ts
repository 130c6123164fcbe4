/** A robot seen from the side: its capsules as thick lines. */

import type { Drawing, Shape2d } from "../drawing/drawing.ts";
import type { MujocoData, MujocoModel } from "./mujoco-module.ts";

/** MuJoCo's number for capsules. */
const capsule = 3;
/** Pixels a metre. */
const scale = 110;
const ground = 300;

export function drawRobot(model: MujocoModel, data: MujocoData): Drawing {
  const { ngeom, geom_type: types, geom_size: sizes } = model;
  const { geom_xpos: places, geom_xmat: turns, qpos } = data;
  const here = qpos[0]!;
  const toView = (x: number, z: number): readonly [number, number] => [300 + scale * (x - here), ground - scale * z];
  // Marks a metre apart show that it moves.
  const marks = Array.from({ length: 8 }, (_, i): Shape2d => {
    const [x] = toView(Math.floor(here) - 3 + i, 0);
    return {
      kind: "line",
      points: [
        [x, ground],
        [x, ground + 15],
      ],
      stroke: "#808080",
      strokeWidth: 2,
    };
  });
  const limbs: Shape2d[] = [];
  for (let i = 0; i < ngeom; i++) {
    if (types[i] !== capsule) continue;
    const radius = sizes[3 * i]!;
    const half = sizes[3 * i + 1]!;
    const [x, z] = [places[3 * i]!, places[3 * i + 2]!];
    // A capsule lies along its own z axis: the third column of its rotation.
    const [dx, dz] = [turns[9 * i + 2]! * half, turns[9 * i + 8]! * half];
    limbs.push({
      kind: "line",
      points: [toView(x - dx, z - dz), toView(x + dx, z + dz)],
      stroke: limbs.length % 2 === 0 ? "#cc9966" : "#b3805a",
      strokeWidth: 2 * radius * scale,
    });
  }
  return {
    width: 600,
    height: 360,
    background: "#e8f0ff",
    shapes: [
      {
        kind: "polygon",
        points: [
          [0, ground],
          [600, ground],
          [600, 360],
          [0, 360],
        ],
        fill: "#c8d8c0",
      },
      ...marks,
      ...limbs,
    ],
  };
}
