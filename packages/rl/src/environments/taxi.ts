/** Taxi: fetch a passenger and bring them to their hotel. Dietterich 2000, section 7.1; equal to Gymnasium's Taxi-v4. */

import { OptionError } from "@dl/core";
import type { TabularSystem, Transition } from "../system.ts";
import { drawGrid } from "./grid-drawing.ts";
import { tabular } from "./tabular.ts";

// Between the columns, ":" can be passed and "|" is a wall.
const map = ["|R: | : :G|", "| : | : : |", "| : : : : |", "| | : | : |", "|Y| : |B: |"];
const stops = [0, 4, 20, 23]; // row · 5 + column of R, G, Y, B
const names = ["R", "G", "Y", "B"];
const inTaxi = 4;

export interface TaxiOptions {
  /** In rain a drive goes astray: how likely it goes where it should, the rest is shared by the two sides. Default 1, no rain. */
  straight?: number;
}

/**
 * Observation: ((row · 5 + column) · 5 + passenger) · 4 + destination, with places 0 red, 1 green, 2 yellow, 3 blue, 4 in the taxi.
 * Action: 0 south, 1 north, 2 east, 3 west, 4 pick up, 5 drop off; the mask leaves those that change something.
 * Reward: −1 a step, 20 for arriving, −10 for a wrong pick-up or drop-off; at most 200 steps. The best possible mean return is 7.93.
 */
export function taxi({ straight = 1 }: TaxiOptions = {}): TabularSystem {
  if (!(straight >= 0 && straight <= 1)) throw new OptionError(`taxi: expected a probability as straight, got ${straight}.`);
  const starts: number[] = [];
  for (let cell = 0; cell < 25; cell++)
    for (let passenger = 0; passenger < inTaxi; passenger++)
      for (let destination = 0; destination < 4; destination++)
        if (passenger !== destination) starts.push(encode(cell, passenger, destination));
  return tabular({
    name: "Taxi-v4",
    states: 500,
    actions: 6,
    rewardRange: [-10, 20],
    maxSteps: 200,
    starts,
    transitions: (state, action) => (action < 4 ? drives(state, action, straight) : [{ probability: 1, ...handles(state, action) }]),
    allows(state, action) {
      const { cell, passenger } = decode(state);
      if (action < 4) return canDrive(cell, action);
      return action === 4 ? passenger < inTaxi && stops[passenger] === cell : passenger === inTaxi && stops.includes(cell);
    },
    draw: drawTaxi,
  });
}

function encode(cell: number, passenger: number, destination: number): number {
  return (cell * 5 + passenger) * 4 + destination;
}

function decode(state: number): { cell: number; passenger: number; destination: number } {
  return { cell: Math.floor(state / 20), passenger: Math.floor(state / 4) % 5, destination: state % 4 };
}

function canDrive(cell: number, way: number): boolean {
  const row = Math.floor(cell / 5);
  const column = cell % 5;
  if (way === 0) return row < 4;
  if (way === 1) return row > 0;
  return map[row]![2 * column + (way === 2 ? 2 : 0)] === ":";
}

const offsets = [5, -5, 1, -1]; // south, north, east, west

function drives(state: number, action: number, straight: number): Transition[] {
  const { cell, passenger, destination } = decode(state);
  const to = (next: number): Omit<Transition, "probability"> => ({
    state: encode(next, passenger, destination),
    reward: -1,
    terminated: false,
  });
  if (straight === 1) return [{ probability: 1, ...to(canDrive(cell, action) ? cell + offsets[action]! : cell) }];
  // A way that is shut keeps the taxi where it is, whatever the weather.
  const ways = [
    action,
    ...[
      [2, 3],
      [3, 2],
      [1, 0],
      [0, 1],
    ][action]!,
  ];
  return ways.map((way, i) => ({
    probability: i === 0 ? straight : (1 - straight) / 2,
    ...to(canDrive(cell, action) && (i === 0 || canDrive(cell, way)) ? cell + offsets[way]! : cell),
  }));
}

function handles(state: number, action: number): Omit<Transition, "probability"> {
  const { cell, passenger, destination } = decode(state);
  if (action === 4) {
    return passenger < inTaxi && stops[passenger] === cell
      ? { state: encode(cell, inTaxi, destination), reward: -1, terminated: false }
      : { state, reward: -10, terminated: false };
  }
  const stop = stops.indexOf(cell);
  if (passenger !== inTaxi || stop < 0) return { state, reward: -10, terminated: false };
  return { state: encode(cell, stop, destination), reward: stop === destination ? 20 : -1, terminated: stop === destination };
}

function drawTaxi(state: number) {
  const { cell, passenger, destination } = decode(state);
  const player = [Math.floor(cell / 5), cell % 5] as const;
  const board = drawGrid({ rows: 5, columns: 5, player }, (row, column) => {
    const stop = stops.indexOf(row * 5 + column);
    if (stop < 0) return { fill: "#f4f4f4" };
    return { fill: stop === destination ? "#f5d76e" : "#f4f4f4", text: `${names[stop]}${stop === passenger ? "!" : ""}` };
  });
  const walls = map.flatMap((line, row) =>
    [1, 2, 3, 4].flatMap((column) =>
      line[2 * column] === "|"
        ? [
            {
              kind: "line" as const,
              points: [
                [column * 40, row * 40],
                [column * 40, row * 40 + 40],
              ] as const,
              stroke: "#000000",
              strokeWidth: 4,
            },
          ]
        : [],
    ),
  );
  const seat =
    passenger === inTaxi ? [{ kind: "circle" as const, x: player[1] * 40 + 20, y: player[0] * 40 + 20, radius: 5, fill: "#ffffff" }] : [];
  return { ...board, shapes: [...board.shapes, ...walls, ...seat] };
}
