/** The walker in its landscape, with the rays it feels its way by. */

import { type Body, type Polygon, Vec2 } from "planck";
import type { Drawing, Shape2d } from "../drawing/drawing.ts";
import type { WalkerParts } from "./bipedal-walker.ts";

const scale = 30;
const width = 600 / scale;
const lidarRange = 160 / scale;

export function drawWalker({ hull, legs, terrain }: WalkerParts, lidar: Float64Array): Drawing {
  const { x, y } = hull.getPosition();
  const left = x - width / 5;
  const toView = (px: number, py: number): readonly [number, number] => [(px - left) * scale, 400 - py * scale];
  const outline = (body: Body, fill: string, stroke: string): Shape2d => {
    const { m_vertices: vertices } = body.getFixtureList()!.getShape() as Polygon;
    const points = vertices.map((corner) => body.getWorldPoint(corner)).map((corner) => toView(corner.x, corner.y));
    return { kind: "polygon", points, fill, stroke };
  };
  const seen = terrain.line.filter(([px]) => px > left - 1 && px < left + width + 1).map(([px, py]) => toView(px, py));
  const beams = Array.from(lidar, (share, i): Shape2d => {
    const angle = (1.5 * i) / lidar.length;
    const end = new Vec2(x + Math.sin(angle) * lidarRange * share, y - Math.cos(angle) * lidarRange * share);
    return { kind: "line", points: [toView(x, y), toView(end.x, end.y)], stroke: "#ff6060" };
  });
  return {
    width: 600,
    height: 400,
    background: "#d7d7ff",
    shapes: [
      ...(seen.length > 1
        ? [
            {
              kind: "polygon" as const,
              points: [...seen, [seen.at(-1)![0], 400], [seen[0]![0], 400]] as [number, number][],
              fill: "#66994c",
            },
          ]
        : []),
      ...terrain.obstacles.map(
        (corners): Shape2d => ({ kind: "polygon", points: corners.map(([px, py]) => toView(px, py)), fill: "#ffffff", stroke: "#999999" }),
      ),
      ...beams,
      ...legs.slice(0, 2).map((leg) => outline(leg, "#b26599", "#7f4c65")),
      outline(hull, "#7f33e5", "#4c4c7f"),
      ...legs.slice(2).map((leg) => outline(leg, "#803366", "#4c1a33")),
    ],
  };
}
