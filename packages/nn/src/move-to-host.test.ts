import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type BackendDevice, Device, openDevice, Rng, relu, tensor, valueAndGrad } from "@dl/core";
import { expect, test } from "vitest";
import { readState } from "./checkpoints/state.ts";
import { BatchNorm } from "./layers/batch-norm.ts";
import { Linear } from "./layers/linear.ts";
import { Sequential } from "./layers/sequential.ts";
import { meanSquaredError } from "./losses/regression.ts";
import { training } from "./mode.ts";
import { moveToHost } from "./move-to-host.ts";
import { AdamW } from "./optimizers/adamw.ts";
import { Sgd } from "./optimizers/sgd.ts";
import { WeightAverage } from "./optimizers/weight-average.ts";

/** Weights, running statistics, moments and an average: all that lives on a device between steps. */
class Run implements Disposable {
  readonly model: Sequential = new Sequential([
    new Linear({ inputs: 3, outputs: 8, rng: new Rng(1) }),
    new BatchNorm({ channels: 8 }),
    relu,
    new Linear({ inputs: 8, outputs: 1, rng: new Rng(2) }),
  ]);
  readonly optimizer: AdamW = new AdamW(this.model.parameters(), { learningRate: 0.05 });
  readonly average: WeightAverage = new WeightAverage(this.model, { decay: 0.9 });
  #step = 0;

  async steps(device: Device, count: number): Promise<number[]> {
    const losses: number[] = [];
    for (let i = 0; i < count; i++) {
      const x = new Rng(3).fork(`step ${this.#step++}`).normal([16, 3]);
      losses.push(
        await device.compute(() => {
          const target = tensor(x).sum(1, { keepDims: true });
          const loss = () => meanSquaredError(this.model.forward(tensor(x), training(new Rng(1))), target);
          const { value, grads } = valueAndGrad(loss, this.model.parameters());
          this.optimizer.update(grads);
          this.average.update();
          return value;
        }),
      );
    }
    return losses;
  }

  [Symbol.dispose](): void {
    for (const owner of [this.model, this.optimizer, this.average]) owner[Symbol.dispose]();
  }
}

/** A device whose values cannot be read at once, as a GPU's. */
async function slow(): Promise<Device> {
  const { readSync: _, ...backend }: BackendDevice = await cpu().open();
  return new Device({ ...backend, name: "slow" });
}

test("training that moves between devices, both ways, has the bits of training that stays", async () => {
  await using one = await slow();
  await using other = await openDevice(cpu());
  using moved = new Run();
  const losses = await moved.steps(one, 3);
  await expect(other.compute(() => moved.model.parameters()[0]!.value)).rejects.toThrow("its value lives on slow");
  await moveToHost(moved.model, moved.optimizer, moved.average);
  expect(one.memory().buffers).toBe(0);
  losses.push(...(await moved.steps(other, 3)));
  await moveToHost(moved.model, moved.optimizer, moved.average);
  losses.push(...(await moved.steps(one, 3)));
  using stayed = new Run();
  expect(await stayed.steps(one, 9)).toEqual(losses);
  expect(await readState(moved.model)).toEqual(await readState(stayed.model));
  expect(await moved.average.read(moved.model)).toEqual(await stayed.average.read(stayed.model));
});

test("from cpu to wasm in the middle of training, and back: the losses are those of one device", async () => {
  await using first = await openDevice(cpu());
  await using second = await openDevice(wasm({ threads: 1 }));
  using moved = new Run();
  const losses = await moved.steps(first, 4);
  await moveToHost(moved.model, moved.optimizer, moved.average);
  expect(first.memory().buffers).toBe(0);
  losses.push(...(await moved.steps(second, 4)));
  await moveToHost(moved.model, moved.optimizer, moved.average);
  expect(second.memory().buffers).toBe(0);
  losses.push(...(await moved.steps(first, 2)));
  using stayed = new Run();
  const expected = await stayed.steps(first, 10);
  // Sums of float32 in another order.
  losses.forEach((loss, i) => void expect(Math.abs(loss - expected[i]!)).toBeLessThan(1e-4));
  expect(moved.optimizer.step).toBe(10);
});

test("what cannot be moved whole is not moved", async () => {
  await using device = await openDevice(cpu());
  using run = new Run();
  await run.steps(device, 2);
  const before = await readState(run.model);
  const { buffers } = device.memory();
  using stranger = new Linear({ inputs: 1, outputs: 1, rng: new Rng(1) });
  using foreign = new Sgd(stranger.parameters(), { learningRate: 1 });
  await expect(moveToHost(run.model, run.optimizer, foreign)).rejects.toThrow(/expected all its parameters in the model/);
  await device.compute(() => run.average.swap());
  await expect(moveToHost(run.model, run.average)).rejects.toThrow(/the model's own weights in place, got the average/);
  await device.compute(() => run.average.swap());
  expect(device.memory().buffers).toBe(buffers);
  expect(await readState(run.model)).toEqual(before);
});
