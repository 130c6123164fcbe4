import { Rng } from "@dl/core";
import { decode, decodeApng } from "fast-png";
import { expect, test } from "vitest";
import { acrobot } from "../environments/acrobot.ts";
import { bandit } from "../environments/bandit.ts";
import { blackjack } from "../environments/blackjack.ts";
import { cartPole } from "../environments/cart-pole.ts";
import { cliffWalking } from "../environments/cliff-walking.ts";
import { frozenLake } from "../environments/frozen-lake.ts";
import { mountainCar } from "../environments/mountain-car.ts";
import { mountainCarContinuous } from "../environments/mountain-car-continuous.ts";
import { pendulum } from "../environments/pendulum.ts";
import { taxi } from "../environments/taxi.ts";
import { environmentOf, type System } from "../system.ts";
import { type Recording, recordVideo } from "../wrappers/record-video.ts";
import { encodeApng, encodePng } from "./apng.ts";
import { type Drawing, rectangle, toSvg } from "./drawing.ts";
import { rasterize } from "./rasterize.ts";
import { toTerminal } from "./terminal.ts";

const square: Drawing = {
  width: 8,
  height: 4,
  background: "#ffffff",
  shapes: [rectangle([0, 0], { width: 4, height: 4, fill: "#ff0000" }), { kind: "text", x: 4, y: 2, text: "a<b", size: 2 }],
};

test("a drawing is an SVG whose text is escaped", () => {
  expect(toSvg(square)).toBe(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 4"><rect width="100%" height="100%" fill="#ffffff"/><polygon points="0,0 4,0 4,4 0,4" fill="#ff0000"/><text x="4" y="2" font-family="monospace" font-size="2" text-anchor="middle" dominant-baseline="central" fill="#000000">a&lt;b</text></svg>',
  );
});

test("pixels inside a shape have its colour, the others the background's, edges in between", () => {
  const { width, height, data } = rasterize(square, { width: 8 });
  expect([width, height]).toEqual([8, 4]);
  const at = (x: number, y: number): number[] => [...data.subarray(4 * (y * 8 + x), 4 * (y * 8 + x) + 4)];
  expect(at(0, 0)).toEqual([255, 0, 0, 255]);
  expect(at(3, 3)).toEqual([255, 0, 0, 255]);
  expect(at(4, 0)).toEqual([255, 255, 255, 255]);
  const half = rasterize({ ...square, shapes: [rectangle([0, 0], { width: 4.5, height: 4, fill: "#000000" })] }, { width: 8 });
  expect(half.data[4 * 4]).toBe(128);
  const circle = rasterize(
    { width: 100, height: 100, background: "#ffffff", shapes: [{ kind: "circle", x: 50, y: 50, radius: 30, fill: "#000000" }] },
    { width: 100 },
  );
  const area = circle.data.filter((value, i) => i % 4 === 0 && value < 128).length;
  // A 24-sided polygon has 0.989 of its circle's area.
  expect(Math.abs(area / (Math.PI * 900) - 0.989)).toBeLessThan(0.01);
});

test("PNG and APNG are read back by another decoder", () => {
  const image = rasterize(square, { width: 8 });
  expect([...decode(encodePng(image)).data]).toEqual([...image.data]);
  const other = rasterize({ ...square, shapes: [] }, { width: 8 });
  const { frames, width } = decodeApng(encodeApng([image, other, image], { framesPerSecond: 25 }));
  expect(width).toBe(8);
  expect(frames.map(({ data, delayNumber, delayDenominator }) => [[...data], delayNumber / delayDenominator])).toEqual(
    [image, other, image].map(({ data }) => [[...data], 1 / 25]),
  );
  expect(() => encodeApng([])).toThrow("expected at least one frame");
  expect(() => encodeApng([image, rasterize(square, { width: 4 })])).toThrow("expected frames of 8 × 4, got one of 4 × 2");
});

test("a terminal shows two pixels to a character", () => {
  const lines = toTerminal(rasterize(square, { width: 8 })).split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe("\x1b[38;2;255;0;0;48;2;255;0;0m▀▀▀▀\x1b[38;2;255;255;255;48;2;255;255;255m▀▀▀▀\x1b[0m");
});

const systems = [
  cartPole(),
  acrobot(),
  mountainCar(),
  mountainCarContinuous(),
  pendulum(),
  frozenLake(),
  cliffWalking(),
  taxi(),
  blackjack(),
  bandit(),
] as System[];

test.each(systems.map((system) => [system.name, system] as const))(
  "%s can be drawn, and looks different once it has moved",
  (_, system) => {
    const world = environmentOf(system);
    const rng = new Rng(1);
    world.reset(rng);
    const looks = new Set<string>();
    for (let t = 0; t < 40; t++) {
      const drawing = world.draw!();
      expect(rasterize(drawing, { width: 60 }).data.some((value, i) => i % 4 === 0 && value !== 255)).toBe(true);
      looks.add(toSvg(drawing));
      const step = world.step(world.actionSpace.sample(rng));
      if (step.terminated || step.truncated) world.reset(rng);
    }
    if (system.name !== "Bandit") expect(looks.size).toBeGreaterThan(2);
  },
);

test("a video has every step of an episode, and only the best if asked", () => {
  const videos: Recording[] = [];
  const world = recordVideo(environmentOf(cartPole()), { onEpisode: (video) => videos.push(video), best: true });
  const rng = new Rng(3);
  for (let episode = 0; episode < 12; episode++) {
    world.reset(rng);
    while (!world.step(rng.integer(0, 2)).terminated);
  }
  expect(videos.length).toBeGreaterThan(1);
  expect(videos.length).toBeLessThan(12);
  for (const [i, video] of videos.entries()) {
    expect(video.drawings).toHaveLength(video.return + 1);
    if (i > 0) expect(video.return).toBeGreaterThan(videos[i - 1]!.return);
  }
});
