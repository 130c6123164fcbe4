/** LeNet on pictures of bars, on the GPU of the machine the page runs on; on wasm where the browser has no WebGPU. */

import { webgpu } from "@dl/backend-tfjs/webgpu";
import { wasm } from "@dl/backend-wasm";
import { LeNet, lenetMnist } from "@dl/cnn";
import { openDevice, Rng, upload, valueAndGrad } from "@dl/core";
import { batches } from "@dl/data";
import { AdamW, crossEntropy } from "@dl/nn";
import { bars } from "../bars.ts";

export interface PageTraining {
  readonly device: string;
  readonly losses: readonly number[];
}

/** Trains for `steps` batches of 16; `onStep` gets a line for each. The page stays alive: every step waits for the GPU, not in the page. */
export async function train({ steps, onStep }: { steps: number; onStep: (line: string) => void }): Promise<PageTraining> {
  const rng = new Rng(1);
  await using device = await openDevice(webgpu(), wasm({ mainThread: "block" }));
  onStep(device.name);
  for (const { backend, reason } of device.skipped) onStep(`not ${backend}: ${reason}`);
  using model = new LeNet({ ...lenetMnist, rng: rng.fork("init") });
  using optimizer = new AdamW(model.parameters(), { learningRate: 2e-3 });
  const dataset = bars(rng.fork("train"), { count: 512 });
  const losses: number[] = [];
  while (losses.length < steps) {
    for (const batch of batches(dataset, { batchSize: 16, shuffle: rng.fork(`shuffle ${losses.length}`) })) {
      if (losses.length === steps) break;
      const loss = await device.compute(() => {
        const { images, labels } = upload(batch); // [B, 28, 28, 1], [B]
        const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(images), labels), model.parameters());
        optimizer.update(grads);
        return value;
      });
      losses.push(loss);
      onStep(`step ${losses.length}  loss ${loss.toFixed(4)}`);
    }
  }
  return { device: device.name, losses };
}
