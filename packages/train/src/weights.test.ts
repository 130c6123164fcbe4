import { type HostTensor, hostTensor, Rng, type Scalar, type Tensor, tensor } from "@dl/core";
import { arrayDataset, classCounts, type Dataset, type Example, subset } from "@dl/data";
import { crossEntropy, Linear, type Mode, readState, Sequential, Sgd } from "@dl/nn";
import { expect, test } from "vitest";
import { checkLabels } from "./check-labels.ts";
import { balancedClassWeights } from "./class-weights.ts";
import { fit, type Tensors } from "./fit.ts";
import { pointsOf } from "./points-fixture.ts";
import { backends, onDevice } from "./run-fixture.ts";

/** The weights after five steps on the whole dataset. */
async function trained<E extends Example<"inputs" | "labels">>(
  dataset: Dataset<E>,
  loss: (logits: Tensor, batch: Tensors<E>) => Scalar,
): Promise<number[]> {
  let weights: number[] = [];
  await onDevice(backends[0]!.open(), async (device) => {
    using model = new Sequential([new Linear({ inputs: 2, outputs: 2, rng: new Rng(1) })]);
    using optimizer = new Sgd(model.parameters(), { learningRate: 0.5 });
    const step = (batch: Tensors<E>, mode: Mode) => loss(model.forward(batch.inputs, mode), batch);
    await fit({ device, model, optimizer, dataset, batchSize: dataset.length, epochs: 5, rng: new Rng(2), step });
    weights = [...(await readState(model)).values()].flatMap(({ data }) => [...data].map(Number));
  });
  return weights;
}

function expectClose(got: readonly number[], wanted: readonly number[]): void {
  expect(got).toHaveLength(wanted.length);
  for (const [i, value] of got.entries()) expect(value).toBeCloseTo(wanted[i]!, 5); // float32 sums in another order
}

const points = pointsOf(8);
const { inputs, labels } = points.columns as { inputs: HostTensor; labels: HostTensor };

test("an example of weight 2 counts as one that is there twice, one of weight 0 as none", async () => {
  const weights = hostTensor(Float32Array.of(1, 2, 0, 1, 1, 1, 1, 1), [8]);
  const weighted = await trained(arrayDataset({ inputs, labels, weights }), (logits, batch) => {
    const losses = crossEntropy(logits, batch.labels, { reduction: "none" }); // [B]
    return losses.mul(batch.weights).sum().div(batch.weights.sum());
  });
  const repeated = await trained(subset(points, [0, 1, 1, 3, 4, 5, 6, 7]), (logits, batch) => crossEntropy(logits, batch.labels));
  expectClose(weighted, repeated);
});

test("balanced class weights train as a dataset where each class is there equally often", async () => {
  const rare = [...labels.data].indexOf(1);
  const frequent = [...labels.data.entries()].filter(([, label]) => label === 0).slice(0, 3);
  const indices = [rare, ...frequent.map(([index]) => index)];
  const dataset = subset(points, indices);
  const classWeights = balancedClassWeights(classCounts(dataset));
  expect([...classWeights.data]).toEqual([Math.fround(4 / 6), 2]);
  const weighted = await trained(dataset, (logits, batch) => crossEntropy(logits, batch.labels, { classWeights: tensor(classWeights) }));
  const even = await trained(subset(points, [rare, rare, ...indices]), (logits, batch) => crossEntropy(logits, batch.labels));
  expectClose(weighted, even);
});

test("a class without examples has no weight", () => {
  expect(() => balancedClassWeights([3, 0])).toThrow("expected an example of every class, got 0 of class 1");
  expect(() => balancedClassWeights([])).toThrow("got no class");
});

test("labels are checked with their field, their example and what may be ignored", () => {
  const batch = (...data: number[]) => ({ tags: hostTensor(Int32Array.from(data), [2, data.length / 2]) });
  const context = { indices: Int32Array.of(40, 41), rng: () => new Rng(0) };
  const check = checkLabels({ classes: 3, field: "tags", ignoreIndex: -100 });
  check(batch(0, 2, -100, 1), context);
  expect(() => check(batch(0, 1, 2, 3), context)).toThrow("checkLabels: expected tags from 0 to 2 (3 classes), got 3 in example 41.");
  expect(() => check(batch(-1, 1, 2, 0), context)).toThrow("got -1 in example 40.");
  expect(() => checkLabels({ classes: 3 })(batch(0, 1), context)).toThrow('expected a field "labels", got only tags');
  expect(() => checkLabels({ classes: 0 })).toThrow("classes ≥ 1, got 0");
});
