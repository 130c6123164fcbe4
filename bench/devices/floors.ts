/** What the devices must reach, in one table: each floor compares two of the field. */

import { median } from "../measure/statistics.ts";
import type { DeviceCase, DeviceRow } from "./run-devices.ts";

export interface DeviceFloor {
  readonly bench: string;
  readonly name: string;
  readonly beside: string;
  /** What is compared. Default `time`. */
  readonly of?: "time" | "launches";
  /** `name`'s ÷ `beside`'s. */
  readonly atMost: number;
}

export const floors: readonly DeviceFloor[] = [
  ...["cnn-step-32", "cnn-step-64"].flatMap((bench): DeviceFloor[] => [
    { bench, name: "@dl tensorflow", beside: "PyTorch", atMost: 1.5 },
    { bench, name: "@dl tensorflow", beside: "tfjs-node", atMost: 1 / 1.5 },
    { bench, name: "@dl wasm", beside: "@dl wasm, 1 thread", atMost: 1 / 1.7 },
    { bench, name: "@dl wasm in Chromium", beside: "@dl wasm", atMost: 1.15 },
  ]),
  ...["@dl wasm", "@dl tensorflow"].map((name): DeviceFloor => ({ bench: "gan-step-64", name, beside: "PyTorch", atMost: 1.5 })),
  { bench: "cnn-step-32", name: "@dl webgpu", beside: "tfjs-webgpu", atMost: 0.5 },
  { bench: "cnn-step-32", name: "@dl webgpu", beside: "tfjs-webgpu", of: "launches", atMost: 0.5 },
];

/** An operation on 64 elements, in milliseconds. */
export const overheadLimits: Readonly<Record<string, number>> = { "@dl wasm": 0.002, "@dl cpu": 0.002, "@dl tensorflow": 0.008 };

/** A floor, and whether it was met; undefined where one of the two was asked and did not take part. */
export interface JudgedDevice {
  readonly text: string;
  readonly met: boolean | undefined;
}

/** As it stands in a report: `met`, `MISSED` or `not judged`. */
export function verdictOf({ text, met }: JudgedDevice): string {
  return `${met === undefined ? "not judged" : met ? "met" : "MISSED"}: ${text}`;
}

/** A line for each floor of the cases that ran, of those who were asked. */
export function judgeDevices(cases: readonly DeviceCase[]): JudgedDevice[] {
  const rowOf = (bench: string, name: string): DeviceRow | undefined =>
    cases.find((result) => result.name === bench)?.rows.find((row) => row.name === name);
  /** A floor that cannot be judged, because one of these was asked and did not come; nothing where it was not asked. */
  const unjudged = (text: string, bench: string, names: readonly string[]): JudgedDevice[] => {
    const absent = cases.find((result) => result.name === bench)?.absent.find(({ name }) => names.includes(name));
    return absent === undefined ? [] : [{ text: `${text}: no ${absent.name}, ${absent.reason}`, met: undefined }];
  };
  const compared = floors.flatMap(({ bench, name, beside, of = "time", atMost }): JudgedDevice[] => {
    const [one, other] = [rowOf(bench, name), rowOf(bench, beside)];
    const what = of === "time" ? "" : " launches of";
    if (one === undefined || other === undefined) {
      return unjudged(`${bench}: ${name} at most ${atMost.toFixed(2)} ×${what} ${beside}`, bench, [name, beside]);
    }
    const ratio = of === "time" ? ratioOf(one, other) : (one.launches ?? Number.NaN) / (other.launches ?? Number.NaN);
    return [{ text: `${bench}: ${name} ${ratio.toFixed(2)} ×${what} ${beside}, at most ${atMost.toFixed(2)}`, met: ratio <= atMost }];
  });
  const overheads = Object.entries(overheadLimits).flatMap(([name, limit]): JudgedDevice[] => {
    const time = rowOf("add-64-wasm", name)?.timing.median;
    if (time === undefined) return unjudged(`an operation on ${name}, at most ${limit * 1000} µs`, "add-64-wasm", [name]);
    return [{ text: `an operation on ${name}: ${(time * 1000).toFixed(2)} µs, at most ${limit * 1000}`, met: time <= limit }];
  });
  return [...compared, ...overheads];
}

/** Turn against turn, over the turns that both took: what slowed the machine slowed both. */
function ratioOf({ timing: { turns: ours } }: DeviceRow, { timing: { turns: theirs } }: DeviceRow): number {
  const both = Math.min(ours.length, theirs.length);
  return median(ours.slice(0, both).map((time, turn) => time / theirs[turn]!));
}
