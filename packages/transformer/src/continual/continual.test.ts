import { cpu } from "@dl/backend-cpu";
import { type Device, hostTensor, openDevice, Rng, type Scalar, sum, tensor, valueAndGrad } from "@dl/core";
import { AdamW, inference, Module, Parameter, Sgd } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import { Lora } from "../tuning/lora.ts";
import { ElasticWeights } from "./elastic-weights.ts";
import { measureForgetting } from "./forgetting.ts";
import { ReplayMemory } from "./replay-memory.ts";
import { TaskAdapters } from "./task-adapters.ts";

const rng = new Rng(5);

/** Two weights; a task pulls each towards a value, with a force of its own. */
class Pair extends Module {
  readonly weight: Parameter = new Parameter(hostTensor(Float32Array.of(0, 0), [2]));
  forward(): void {}
}

async function learn(device: Device, model: Pair, loss: () => Scalar): Promise<number[]> {
  using optimizer = new Sgd(model.parameters(), { learningRate: 0.05 });
  for (let step = 0; step < 400; step++) {
    await device.compute(() => {
      const { value, grads } = valueAndGrad(loss, model.parameters());
      optimizer.update(grads);
      return value;
    });
  }
  return [...(await model.weight.read()).data];
}

describe("EWC", () => {
  test("a weight that mattered stays, one that did not moves; the value by hand", async () => {
    await using device = await openDevice(cpu());
    using model = new Pair();
    // The first task knows nothing of the second weight.
    const first = (shift: number): Scalar =>
      sum(
        model.weight.value
          .sub(tensor([1 + shift, 0]))
          .square()
          .mul(tensor([1, 0])),
      );
    const second = (): Scalar => sum(model.weight.value.sub(tensor([-1, -1])).square());
    await learn(device, model, () => first(0));
    using elastic = new ElasticWeights(model.parameters(), { strength: 2 });
    expect(() => elastic.penalty()).toThrow(/expected a task that was remembered/);
    // Gradients 2 (w − 1 ∓ ½) at w = 1: ∓1, so that the importance is 1 and 0.
    await elastic.remember({ device, batches: [0.5, -0.5], loss: first });
    expect(elastic.tasks).toBe(1);
    const held = await learn(device, model, () => second().add(elastic.penalty()));
    // (w + 1)² + (w − 1)² is least at 0; the other weight is free.
    expect(held[0]).toBeCloseTo(0, 4);
    expect(held[1]).toBeCloseTo(-1, 4);
    await expect(elastic.remember({ device, batches: [], loss: second })).rejects.toThrow(/expected batches of the task/);
    expect(() => new ElasticWeights([], { strength: 1 })).toThrow(/expected parameters/);
  });
});

describe("replay", () => {
  test("never more than its capacity; everything shown has the same chance to be kept", () => {
    const counts = new Float64Array(20);
    for (let seed = 0; seed < 2000; seed++) {
      const memory = new ReplayMemory<number>({ capacity: 5, rng: new Rng(seed) });
      memory.add(Array.from({ length: 20 }, (_, i) => i));
      expect(memory.length).toBe(5);
      for (const kept of memory.sample(5)) counts[kept]!++;
    }
    // 2,000 draws at 1/4: four deviations are 77.
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(80);
  });

  test("a sample holds no example twice, and an empty memory says so", () => {
    const memory = new ReplayMemory<number>({ capacity: 8, rng });
    expect(() => memory.sample(1)).toThrow(/expected examples of a task before/);
    memory.add([1, 2, 3]);
    expect([...memory.sample(10)].sort()).toEqual([1, 2, 3]);
    expect(new Set(memory.sample(2)).size).toBe(2);
  });
});

test("forgetting, worked by hand", () => {
  // The second task was best after the third.
  const scores = [
    [0.75, 0.125, 0.125],
    [1, 0.75, 0.25],
    [0.5, 0.875, 0.625],
  ];
  expect(measureForgetting(scores)).toEqual({ average: 2 / 3, backwardTransfer: -0.0625, forgetting: 0.1875 });
  expect(() => measureForgetting([[1]])).toThrow(/at least two tasks/);
  expect(() =>
    measureForgetting([
      [1, Number.NaN],
      [1, 1],
    ]),
  ).toThrow(/finite scores/);
});

test("an adapter a task: what is learned for one changes nothing of the other, and comes back bit for bit", async () => {
  await using device = await openDevice(cpu());
  using model = new SequenceClassifier({
    vocabulary: 30,
    context: 8,
    size: 16,
    layers: 1,
    heads: 2,
    labels: ["a", "b"],
    rng: rng.fork("model"),
  });
  using lora = new Lora(model, { targets: ["query", "value"], rank: 2, alpha: 4, rng: rng.fork("lora") });
  const adapters = new TaskAdapters(lora);
  const ids = hostTensor(
    Int32Array.from({ length: 4 * 6 }, (_, i) => (i * 11) % 30),
    [4, 6],
  );
  const logits = async () => [...(await device.compute(() => model.forward({ ids: tensor(ids) }, inference))).data];
  const trainTowards = async (labels: number[]) => {
    using optimizer = new AdamW(adapters.trained(), { learningRate: 0.05 });
    for (let step = 0; step < 20; step++) {
      await device.compute(() => {
        const { value, grads } = valueAndGrad(
          () => model.loss(model.forward({ ids: tensor(ids) }, inference), tensor(labels, { dtype: "int32" })),
          adapters.trained(),
        );
        optimizer.update(grads);
        return value;
      });
    }
  };
  const plain = await logits();
  await adapters.begin("first");
  await trainTowards([0, 1, 0, 1]);
  const learned = await logits();
  expect(learned).not.toEqual(plain);
  await adapters.begin("second");
  expect(await logits()).toEqual(plain);
  await trainTowards([1, 0, 1, 0]);
  const other = await logits();
  await adapters.use("first");
  expect(await logits()).toEqual(learned);
  await adapters.use("second");
  expect(await logits()).toEqual(other);
  expect(adapters.tasks).toEqual(["first", "second"]);
  expect(adapters.current).toBe("second");
  await expect(adapters.begin("first")).rejects.toThrow(/expected a new task/);
  await expect(adapters.use("third")).rejects.toThrow(/expected one of first, second/);
});
