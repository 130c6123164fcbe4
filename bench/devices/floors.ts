/** What the devices must reach, in one table: each floor compares two of the field. */

import type { DeviceCase } from "./run-devices.ts";

export interface DeviceFloor {
  readonly bench: string;
  readonly name: string;
  readonly beside: string;
  /** `name`'s time ÷ `beside`'s. */
  readonly atMost: number;
}

export const floors: readonly DeviceFloor[] = [
  ...["cnn-step-32", "cnn-step-64"].flatMap((bench): DeviceFloor[] => [
    { bench, name: "@dl tensorflow", beside: "PyTorch", atMost: 1.5 },
    { bench, name: "@dl tensorflow", beside: "tfjs-node", atMost: 1 / 1.5 },
  ]),
];

/** An operation on 64 elements, in milliseconds. */
export const overheadLimits: Readonly<Record<string, number>> = { "@dl wasm": 0.002, "@dl cpu": 0.002, "@dl tensorflow": 0.008 };

/** A line for each floor that can be judged. */
export function judgeDevices(cases: readonly DeviceCase[]): { readonly text: string; readonly met: boolean }[] {
  const timeOf = (bench: string, name: string): number | undefined =>
    cases.find((result) => result.name === bench)?.rows.find((row) => row.name === name)?.timing.median;
  const compared = floors.flatMap(({ bench, name, beside, atMost }) => {
    const [time, other] = [timeOf(bench, name), timeOf(bench, beside)];
    if (time === undefined || other === undefined) return [];
    return [
      { text: `${bench}: ${name} ${(time / other).toFixed(2)} × ${beside}, at most ${atMost.toFixed(2)}`, met: time / other <= atMost },
    ];
  });
  const overheads = Object.entries(overheadLimits).flatMap(([name, limit]) => {
    const time = timeOf("add-64-wasm", name);
    if (time === undefined) return [];
    return [{ text: `an operation on ${name}: ${(time * 1000).toFixed(2)} µs, at most ${limit * 1000}`, met: time <= limit }];
  });
  return [...compared, ...overheads];
}
