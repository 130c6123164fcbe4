import { wasm } from "@dl/backend-wasm";
import { openDevice } from "@dl/core";
import { readTensors } from "@dl/nn";
import { expect, test } from "vitest";
import { Pacer } from "../../engine/pacer.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import { type GenerateEvent, type GenerateSettings, gridCount, pictureSize } from "./contract.ts";
import { openGenerate } from "./job.ts";

/** Pictures of a bar whose place is the class. */
const train = {
  images: Uint8Array.from({ length: 24 * 784 }, (_, at) => (Math.floor((at % 28) / 2.8) === Math.floor(at / 784) % 10 ? 220 : 20)),
  labels: Uint8Array.from({ length: 24 }, (_, i) => i % 10),
};
const settings: GenerateSettings = {
  ...{ set: "mnist", method: "ddpm", size: "small", epochs: 2, batchSize: 8, learningRate: 0.003, count: 24, seed: 3 },
};

/** On a device of its own, to the end or to a step. */
async function run({ files, until = Number.POSITIVE_INFINITY }: { files?: RunFiles; until?: number } = {}) {
  await using device = await openDevice(wasm({ threads: 1 }));
  const controller = new AbortController();
  const events: GenerateEvent[] = [];
  await using job = await openGenerate({
    ...{ device, pacer: new Pacer(), settings, payload: { title: "bars", train }, files, signal: controller.signal },
    emit(event) {
      events.push(event);
      if (event.kind === "step" && event.step >= until) controller.abort();
    },
  });
  const reason = await job.run();
  return {
    reason,
    events,
    files: (await job.files())!,
    walk: reason === "finished" ? await job.asks.walk({ from: 1, to: 2, steps: 2 }) : undefined,
  };
}

test("a diffusion model that is stopped and goes on from its files ends with the bits of one that was not, and draws all along", async () => {
  const whole = await run();
  const first = await run({ until: 4 });
  const second = await run({ files: first.files });
  expect([first.reason, second.reason]).toEqual(["stopped", "finished"]);
  const weights = (files: RunFiles) => [...readTensors(files["model.safetensors"]!)].map(([name, { data }]) => [name, [...data]]);
  expect(weights(second.files)).toEqual(weights(whole.files));

  const grids = whole.events.filter((event) => event.kind === "grid");
  expect(grids[0]!.step).toBe(0);
  expect(grids.at(-1)!.step).toBe(6);
  for (const { pictures, readings } of grids) {
    expect(pictures).toHaveLength(gridCount * pictureSize ** 2);
    for (const name of ["diversity", "nearest", "littleNoise", "halfNoise", "muchNoise"]) expect(readings![name], name).toBeLessThan(2);
  }
  // The network begins as one that finds no noise, and learns at once to find much.
  expect(grids[0]!.readings!.muchNoise).toBeCloseTo(0, 1);
  expect(grids.at(-1)!.readings!.muchNoise!).toBeGreaterThan(grids[0]!.readings!.muchNoise!);
  expect(whole.walk).toHaveLength(2 * pictureSize ** 2);
  expect(JSON.parse(new TextDecoder().decode(whole.files["run.json"])).recipe).toBe("studio-ddpm-mnist-small");
});
