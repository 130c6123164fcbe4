/** Trains a small network on points in the plane, and draws what it thinks of every place. */

import { argmax, equal, hostTensor, mean, Rng, relu, slice, softmax, tensor, valueAndGrad } from "@dl/core";
import { AdamW, crossEntropy, inference, Linear, Sequential, schedules } from "@dl/nn";
import type { OpenJob } from "../../engine/job.ts";
import { type CircleContract, extent, fieldSize } from "./contract.ts";
import { pointsOf } from "./points.ts";

const steps = 500;
/** Milliseconds between two pictures. */
const pictureEvery = 80;

export const openCircle: OpenJob<CircleContract> = async ({ device, pacer, settings, signal, emit }) => {
  const rng = new Rng(settings.seed);
  const { points, labels } = pointsOf(settings.shape, { count: 400, rng: rng.fork("data") });
  const model = new Sequential([
    new Linear({ inputs: 2, outputs: 48, rng: rng.fork("first") }),
    relu,
    new Linear({ inputs: 48, outputs: 48, rng: rng.fork("second") }),
    relu,
    new Linear({ inputs: 48, outputs: 2, rng: rng.fork("head") }),
  ]);
  const optimizer = new AdamW(model.parameters(), { learningRate: schedules.cosine(0.02, { steps }) });
  const cells = hostTensor(
    Float32Array.from({ length: 2 * fieldSize * fieldSize }, (_, i) => {
      const cell = i >> 1;
      const along = i % 2 === 0 ? cell % fieldSize : Math.floor(cell / fieldSize);
      const at = (2 * extent * (along + 0.5)) / fieldSize - extent;
      return i % 2 === 0 ? at : -at;
    }),
    [fieldSize * fieldSize, 2],
  );

  const picture = async (step: number, loss: number): Promise<void> => {
    const { field, accuracy } = await device.compute(() => ({
      field: slice(softmax(model.forward(tensor(cells), inference)), [0, 1]), // [cells, 1]
      accuracy: mean(equal(argmax(model.forward(tensor(points), inference), -1), tensor(labels)).cast("float32")),
    }));
    emit({ step, steps, loss, accuracy, field: field.data as Float32Array });
  };

  return {
    async run() {
      let loss = Math.log(2);
      let last = 0;
      for (let step = 1; step <= steps && !signal.aborted; step++) {
        loss = await device.compute(() => {
          const { value, grads } = valueAndGrad(
            () => crossEntropy(model.forward(tensor(points), inference), tensor(labels)),
            model.parameters(),
          );
          optimizer.update(grads);
          return value;
        });
        if (performance.now() - last > pictureEvery || step === steps) {
          await picture(step, loss);
          last = performance.now();
        }
        await pacer.turn();
      }
      return "finished";
    },
    files: async () => undefined,
    asks: {},
    async [Symbol.asyncDispose]() {
      optimizer[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
};
