/** Profiles: what ran is what is counted, and nothing is left behind. */

import { cpu } from "@dl/backend-cpu";
import { expect, test } from "vitest";
import { chromeTrace } from "./chrome-trace.ts";
import { openDevice } from "./device.ts";
import { ones } from "./ops/creation.ts";
import { exp } from "./ops/elementwise.ts";
import { matmul } from "./ops/matmul.ts";
import { summarize } from "./profile.ts";

test("a profile has the result, every kernel, its launches and its bytes", async () => {
  await using device = await openDevice(cpu());
  const { result, kernels, events, milliseconds } = await device.profile(() => {
    const a = ones([8, 16]);
    return matmul(exp(exp(a)), ones([16, 4])).sum();
  });
  expect(result).toBeCloseTo(8 * 4 * 16 * Math.exp(Math.E), 0);
  expect(Object.fromEntries(kernels.map(({ name, launches }) => [name, launches]))).toEqual({
    fill: 2,
    "unary exp": 2,
    matmul: 1,
    "reduce sum": 1,
  });
  expect(events.map(({ name }) => name)).toEqual(["fill", "unary exp", "unary exp", "fill", "matmul", "reduce sum"]);
  // 512 bytes in, 512 out, twice; the cpu device rounds nothing up.
  expect(kernels.find(({ name }) => name === "unary exp")!.bytes).toBeGreaterThanOrEqual(2048);
  expect(events[0]!.start).toBe(0);
  expect(milliseconds).toBeGreaterThanOrEqual(events.reduce((sum, event) => sum + event.milliseconds, 0));
});

test("after a profile, and after work that throws, the device is as it was", async () => {
  await using device = await openDevice(cpu());
  const mistake = new Error("no");
  await expect(
    device.profile(() => {
      throw mistake;
    }),
  ).rejects.toBe(mistake);
  const { events } = await device.profile(() => ones([2]).sum());
  expect(events).toHaveLength(2);
  expect(device.memory().buffers).toBe(0);
});

test("a trace has a bar for every launch, in microseconds", () => {
  const events = [{ name: "matmul", start: 0.5, milliseconds: 0.25, bytes: 12 }];
  const { traceEvents } = JSON.parse(chromeTrace({ result: 0, kernels: [], events, milliseconds: 1 }, { device: "cpu" })) as {
    traceEvents: object[];
  };
  expect(traceEvents).toEqual([
    { pid: 1, tid: 1, ph: "M", name: "thread_name", args: { name: "cpu" } },
    { pid: 1, tid: 1, ph: "X", name: "matmul", ts: 500, dur: 250, args: { bytes: 12 } },
  ]);
});

test("kernels are summed by name, the longest first", () => {
  const event = (name: string, milliseconds: number) => ({ name, start: 0, milliseconds, bytes: 4 });
  expect(summarize([event("a", 1), event("b", 5), event("a", 2)])).toEqual([
    { name: "b", launches: 1, milliseconds: 5, bytes: 4 },
    { name: "a", launches: 2, milliseconds: 3, bytes: 8 },
  ]);
});
