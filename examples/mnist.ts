/** LeNet on MNIST with the loop written out: every line of it is yours. `fit.ts` does the same in one call. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { LeNet, lenetMnist } from "@dl/cnn";
import { openDevice, Rng, upload, valueAndGrad } from "@dl/core";
import { batches } from "@dl/data";
import { mnist } from "@dl/data/node";
import { Accuracy } from "@dl/metrics";
import { AdamW, crossEntropy } from "@dl/nn";
import { bars } from "./bars.ts";

const quick = process.argv.includes("--quick");
const options = { epochs: quick ? 5 : 3, batchSize: quick ? 32 : 64, learningRate: 2e-3, weightDecay: 0.01, seed: 1 };

const rng = new Rng(options.seed);
await using device = await openDevice(wasm(), cpu()); // the first one that starts
using model = new LeNet({ ...lenetMnist, rng: rng.fork("init") });
using optimizer = new AdamW(model.parameters(), options);
const train = quick ? bars(rng.fork("train"), { count: 1024 }) : await mnist({ split: "train" });
const test = quick ? bars(rng.fork("test"), { count: 256 }) : await mnist({ split: "test" });
console.log(`${device.name}: ${model.parameterCount} parameters, ${train.length} examples`);

for (let epoch = 0; epoch < options.epochs; epoch++) {
  let total = 0;
  const pass = batches(train, { batchSize: options.batchSize, shuffle: rng.fork(`shuffle ${epoch}`) });
  for (const batch of pass) {
    const { loss } = await device.compute(() => {
      const { images, labels } = upload(batch); // [B, 28, 28, 1], [B]
      const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(images), labels), model.parameters());
      optimizer.update(grads);
      return { loss: value };
    });
    total += loss;
  }

  const accuracy = new Accuracy();
  for (const batch of batches(test, { batchSize: 250 })) {
    const logits = await device.compute(() => model.forward(upload(batch).images)); // [B, 10]
    accuracy.update({ labels: batch.labels.data, scores: logits.data });
  }
  console.log(`epoch ${epoch + 1}: loss ${(total / pass.length).toFixed(4)}, test accuracy ${accuracy.result().toFixed(4)}`);
}
