/** For tests: a tiny model with everything that has state, and a run of it. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { argmax, type Backend, type Device, equal, mean, openDevice, Rng, relu, type Scalar } from "@dl/core";
import type { Dataset } from "@dl/data";
import {
  Adam,
  BatchNorm,
  type CommonOptions,
  crossEntropy,
  Dropout,
  inference,
  Linear,
  type Mode,
  type Optimizer,
  readState,
  Sequential,
  Sgd,
  schedules,
} from "@dl/nn";
import { expect } from "vitest";
import { evaluate } from "./evaluate.ts";
import type { FitOptions, Tensors } from "./fit.ts";
import { jitter, type Points, pointsOf } from "./points-fixture.ts";

/** The devices the laws are held on; one thread, a test opens many. */
export const backends: readonly { readonly name: string; readonly open: () => Backend }[] = [
  { name: "cpu", open: () => cpu() },
  { name: "wasm", open: () => wasm({ threads: 1 }) },
];

/** Runs `work` on a device, and expects no buffer to be left when it and its cells are gone. */
export async function onDevice(backend: Backend, work: (device: Device) => Promise<void>): Promise<void> {
  await using device = await openDevice(backend);
  await work(device);
  expect(device.memory().buffers).toBe(0);
}

export type OptimizerName = "adam" | "momentum";

/** A model and its optimizer; freed together. */
export class Subject implements Disposable {
  readonly model: Sequential;
  readonly optimizer: Optimizer<CommonOptions>;

  constructor({ seed = 1, optimizer = "adam" }: { seed?: number; optimizer?: OptimizerName } = {}) {
    const rng = new Rng(seed);
    this.model = new Sequential([
      new Linear({ inputs: 2, outputs: 8, rng: rng.fork("a") }),
      new BatchNorm({ channels: 8 }),
      relu,
      new Dropout({ rate: 0.2 }),
      new Linear({ inputs: 8, outputs: 2, rng: rng.fork("b") }),
    ]);
    const learningRate = schedules.cosine(0.05, { steps: 40 });
    const parameters = this.model.parameters();
    this.optimizer = optimizer === "adam" ? new Adam(parameters, { learningRate }) : new Sgd(parameters, { learningRate, momentum: 0.9 });
  }

  readonly step = ({ inputs, labels }: Tensors<Points>, mode: Mode): { loss: Scalar; accuracy: Scalar } => {
    const logits = this.model.forward(inputs, mode); // [B, 2]
    return { loss: crossEntropy(logits, labels), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
  };

  /** Everything that training changes, in numbers. */
  async bits(): Promise<unknown> {
    return { weights: await readState(this.model), optimizer: await this.optimizer.read(this.model) };
  }

  [Symbol.dispose](): void {
    this.model[Symbol.dispose]();
    this.optimizer[Symbol.dispose]();
  }
}

/** Options of a small run: 22 points in batches of 4, so the last is smaller; 6 steps an epoch, 3 epochs. */
export function optionsOf(subject: Subject, device: Device): FitOptions<Points> & { dataset: Dataset<Points> } {
  const { model, optimizer, step } = subject;
  const held = pointsOf(30, 8);
  return {
    device,
    model,
    optimizer,
    dataset: pointsOf(22),
    batchSize: 4,
    epochs: 3,
    rng: new Rng(3).fork("fit"),
    transform: jitter,
    step,
    validate: () => evaluate({ device, dataset: held, step: (batch) => step(batch, inference) }),
  };
}
