/** Few labels for many images: chosen at random, chosen where the model is unsure, and the sure ones labelled by the model itself. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { LeNet, lenetMnist } from "@dl/cnn";
import { argmax, equal, type HostTensor, hostTensor, mean, openDevice, Rng, softmax } from "@dl/core";
import { concat, type Dataset, type Example, largest, pseudoLabels, subset, uncertainty } from "@dl/data";
import { mnist } from "@dl/data/node";
import { AdamW, crossEntropy, schedules } from "@dl/nn";
import { evaluate, fit } from "@dl/train";
import { bars } from "./bars.ts";

const quick = process.argv.includes("--quick");
const options = {
  pool: quick ? 1500 : 10_000,
  first: quick ? 40 : 50,
  rounds: quick ? 3 : 5,
  perRound: quick ? 40 : 50,
  epochs: quick ? 30 : 40,
  batchSize: 20,
  learningRate: 3e-3,
  seed: 1,
};
type Labelled = Dataset<Example<"images" | "labels">>;

const rng = new Rng(options.seed);
await using device = await openDevice(wasm(), cpu());
const all: Labelled = quick ? bars(rng.fork("train"), { count: options.pool }) : await mnist({ split: "train" });
const order = rng.fork("pool").permutation(all.length);
const pool = subset(all, Array.from(order).slice(0, options.pool)); // its labels are asked for one by one
const test: Labelled = quick ? bars(rng.fork("test"), { count: 500 }) : await mnist({ split: "test" });

/** LeNet from new weights, on these examples alone. */
async function trained(dataset: Labelled): Promise<LeNet> {
  const model = new LeNet({ ...lenetMnist, rng: rng.fork("init") });
  const { epochs, batchSize } = options;
  const learningRate = schedules.cosine(options.learningRate, { steps: epochs * Math.ceil(dataset.length / batchSize) });
  using optimizer = new AdamW(model.parameters(), { learningRate, weightDecay: 0.05 });
  await fit({
    ...{ device, model, optimizer, dataset, batchSize, epochs, rng: rng.fork("fit") },
    step: ({ images, labels }) => crossEntropy(model.forward(images), labels),
  });
  return model;
}

/** `[N, 10]` */
async function probabilitiesOf(model: LeNet, dataset: Labelled): Promise<HostTensor> {
  const rows: number[] = [];
  await evaluate({
    ...{ device, dataset },
    step: ({ images }) => ({ probabilities: softmax(model.forward(images)) }),
    onBatch: (_, { probabilities }) => rows.push(...probabilities.data),
  });
  return hostTensor(Float32Array.from(rows), [dataset.length, 10]);
}

async function accuracyOf(model: LeNet): Promise<number> {
  const { accuracy } = await evaluate({
    ...{ device, dataset: test },
    step: ({ images, labels }) => ({ accuracy: mean(equal(argmax(model.forward(images), -1), labels).cast("float32")) }),
  });
  return accuracy;
}

/** Labels for the first examples, and round by round for those that `choose` picks of the others. */
async function labelled(choose: (model: LeNet, others: readonly number[]) => Promise<readonly number[]>): Promise<number[]> {
  const known = Array.from({ length: options.first }, (_, i) => i);
  for (let round = 0; round < options.rounds; round++) {
    using model = await trained(subset(pool, known));
    const others = Array.from({ length: pool.length }, (_, i) => i).filter((i) => !known.includes(i));
    known.push(...(await choose(model, others)));
  }
  return known;
}

const atRandom = await labelled(async (_, others) => others.slice(0, options.perRound));
const unsure = await labelled(async (model, others) => {
  const doubts = uncertainty(await probabilitiesOf(model, subset(pool, others)), { measure: "margin" });
  return Array.from(largest(doubts, options.perRound), (i) => others[i]!);
});

using first = await trained(subset(pool, atRandom));
using active = await trained(subset(pool, unsure));

// What the model is sure of becomes its own teacher.
const rest = Array.from({ length: pool.length }, (_, i) => i).filter((i) => !unsure.includes(i));
const { indices, labels } = pseudoLabels(await probabilitiesOf(active, subset(pool, rest)), { threshold: 0.95 });
const guessed: Labelled = {
  length: indices.length,
  get: (i) => ({ ...pool.get(rest[indices[i]!]!), labels: hostTensor(Int32Array.of(labels.data[i]!), []) }),
};
using taught = await trained(concat(subset(pool, unsure), guessed));

const [random, chosen, own] = [await accuracyOf(first), await accuracyOf(active), await accuracyOf(taught)];
console.log(`${atRandom.length} labels of ${pool.length} images; ${indices.length} more by the model itself`);
console.log(`test accuracy at random ${random.toFixed(4)}, where unsure ${chosen.toFixed(4)}, with its own labels ${own.toFixed(4)}`);
