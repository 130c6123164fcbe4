/** The recipe `keras-cnn-cifar10` for 200 steps on every device that starts here: the curves of the losses lie on each other. */

import { wasm } from "@dl/backend-wasm";
import { KerasCnn, kerasCnnCifar10 } from "@dl/cnn";
import { type Backend, openDevice, Rng, type Tensor } from "@dl/core";
import { type Example, flip, normalize, padCrop, type Transform, take } from "@dl/data";
import { cifar10, cifar10Statistics } from "@dl/data/node";
import { AdamW, crossEntropy, type Mode, schedules } from "@dl/nn";
import { fit } from "@dl/train";
import { expect, test } from "vitest";
import { cuda, tensorflow } from "../src/node/index.ts";
import { webgpu } from "../src/webgpu/index.ts";

type Labelled = Example<"images" | "labels">;

const steps = 200;
const batchSize = 64;

/** The losses of a run from seed 1, as apps/cli/src/recipes/keras-cnn-cifar10.ts sets it up. */
async function losses(backend: Backend): Promise<number[] | string> {
  const device = await openDevice(backend).catch((error: Error) => error.message);
  if (typeof device === "string") return device;
  await using opened = device;
  const rng = new Rng(1);
  const dataset = take<Labelled>(await cifar10({ split: "train" }), steps * batchSize);
  using model = new KerasCnn({ ...kerasCnnCifar10, rng: rng.fork("init") });
  using optimizer = new AdamW(model.parameters(), { learningRate: schedules.cosine(1e-3, { steps }), weightDecay: 0.01 });
  const transform: Transform<Labelled>[] = [flip(), padCrop({ padding: 4, mode: "reflect" }), normalize(cifar10Statistics)];
  const found: number[] = [];
  await fit({
    device: opened,
    model,
    optimizer,
    dataset,
    batchSize,
    epochs: 1,
    rng: rng.fork("fit"),
    transform,
    step: ({ images, labels }: { images: Tensor; labels: Tensor }, mode: Mode) => ({
      loss: crossEntropy(model.forward(images, mode), labels),
    }),
    callbacks: [{ name: "losses", onStep: (_run, { metrics }) => void found.push(metrics.loss!) }],
  });
  return found;
}

/** Means of ten steps: what a plot shows. */
function smoothed(values: readonly number[]): number[] {
  return Array.from({ length: values.length / 10 }, (_, i) =>
    values.slice(10 * i, 10 * i + 10).reduce((sum, value) => sum + value / 10, 0),
  );
}

test("200 steps of keras-cnn-cifar10 give one curve on every device", async () => {
  const reference = await losses(wasm({ threads: 1 }));
  if (typeof reference === "string") throw new Error(reference);
  expect(reference).toHaveLength(steps);
  expect(smoothed(reference).at(-1)).toBeLessThan(0.8 * smoothed(reference)[0]!);
  const required = (process.env.DL_REQUIRE_DEVICES ?? "").split(",");
  for (const backend of [tensorflow(), cuda(), webgpu()]) {
    const found = await losses(backend);
    if (typeof found === "string") {
      console.log(`${backend.name}: ${found}`);
      expect(required).not.toContain(backend.name);
      continue;
    }
    const first = Math.max(...found.slice(0, 20).map((loss, i) => Math.abs(loss - reference[i]!)));
    // Rounding grows from step to step, as the distance of two runs of any such training does: the plots still lie on each other.
    const apart = Math.max(...smoothed(found).map((loss, i) => Math.abs(loss - smoothed(reference)[i]!)));
    console.log(
      `${backend.name}: first 20 steps within ${first.toExponential(1)}, means of ten within ${apart.toExponential(1)}, last ${smoothed(found).at(-1)} and ${smoothed(reference).at(-1)}`,
    );
    expect(first, backend.name).toBeLessThan(1e-4);
    expect(apart, backend.name).toBeLessThan(0.02);
  }
});
