import { wasm } from "@dl/backend-wasm";
import { argmax, type Device, type HostTensor, openDevice, Rng, type Scalar, tensor, upload, valueAndGrad } from "@dl/core";
import { AdamW, inference, type Parameter } from "@dl/nn";
import { expect, test } from "vitest";
import { ElasticWeights, Lora, measureForgetting, padTokens, ReplayMemory, SequenceClassifier, TaskAdapters } from "../src/index.ts";

/** Three tasks on sentences of 40 words, two classes each: which of two groups of words stands in it. The answers share one head, and contradict each other. */
const groups = [
  [0, 1],
  [2, 3],
  [1, 2],
] as const;
const words = 8;
const noise = 200;

interface Example {
  readonly ids: readonly number[];
  readonly label: number;
}

function drawExamples(task: number, count: number, rng: Rng): Example[] {
  return drawFrom(groups[task]!, { task, count, rng });
}

function drawFrom(classes: readonly number[], { task, count, rng }: { task: number; count: number; rng: Rng }): Example[] {
  return Array.from({ length: count }, () => {
    const label = rng.integer(0, classes.length);
    const ids = Array.from({ length: rng.integer(6, 12) }, () => 2 + 4 * words + rng.integer(0, noise));
    // A word that says which task it is, and one that says the answer.
    ids[rng.integer(0, ids.length)] = 2 + classes[label]! * words + rng.integer(0, words);
    return { ids: [1, 2 + 4 * words + noise + task, ...ids], label: label % 2 };
  });
}

const tests = groups.map((_, task) => drawExamples(task, 200, new Rng(100 + task)));

/** Smoothed in training: a model that is never quite sure keeps gradients, which tell EWC what matters. */
function lossOf(
  model: SequenceClassifier,
  examples: readonly Example[],
  { labelSmoothing = 0.1 }: { labelSmoothing?: number } = {},
): Scalar {
  const logits = model.forward(upload(padTokens(examples, { padId: 0 })), inference);
  const labels = tensor(Int32Array.from(examples, ({ label }) => label));
  return model.loss(logits, labels, { labelSmoothing });
}

async function accuracyOf(model: SequenceClassifier, examples: readonly Example[], device: Device): Promise<number> {
  const predictions = (await device.compute(() =>
    argmax(model.forward(upload(padTokens(examples, { padId: 0 })), inference), -1),
  )) as HostTensor;
  return examples.filter(({ label }, i) => predictions.data[i] === label).length / examples.length;
}

type Way = "naive" | "replay" | "ewc" | "adapters";

/** Row i: the accuracy on every task after task i was learned. */
async function learnInTurn(way: Way, device: Device): Promise<number[][]> {
  const rng = new Rng(3);
  const vocabulary = 2 + 4 * words + noise + groups.length + 1;
  using model = new SequenceClassifier({
    ...{ vocabulary, context: 16, size: 32, layers: 1, heads: 2, hidden: 64, dropout: 0, deviation: 0.1 },
    ...{ labels: ["first", "second"], rng: rng.fork("init") },
  });
  using elastic = new ElasticWeights(model.parameters(), { strength: 1e4 });
  const memory = new ReplayMemory<Example>({ capacity: 150, rng: rng.fork("memory") });
  using lora =
    way === "adapters"
      ? new Lora(model, { targets: ["query", "key", "value", "dense", "expand", "contract"], rank: 8, alpha: 16, rng: rng.fork("lora") })
      : undefined;
  const adapters = lora && new TaskAdapters(lora);
  const scores: number[][] = [];
  const train = async (parameters: Parameter[], loss: (step: number) => Scalar, steps: number): Promise<void> => {
    using optimizer = new AdamW(parameters, { learningRate: way === "adapters" ? 1e-2 : 3e-3, weightDecay: 0 });
    for (let step = 0; step < steps; step++) {
      await device.compute(() => {
        const { value, grads } = valueAndGrad(() => loss(step), parameters);
        optimizer.update(grads);
        return value;
      });
    }
  };
  // What adapters stand on has to be worth something: it knows all words, odd groups from even ones.
  const before = drawFrom([0, 1, 2, 3], { task: groups.length, count: 2000, rng: rng.fork("before") });
  const slice = (examples: readonly Example[], step: number) =>
    Array.from({ length: 32 }, (_, i) => examples[(step * 32 + i) % examples.length]!);
  await train(model.parameters(), (step) => lossOf(model, slice(before, step)), 400);
  for (const [task] of groups.entries()) {
    const examples = drawExamples(task, 1000, rng.fork(`task ${task}`));
    await adapters?.begin(`${task}`);
    await train(
      adapters?.trained() ?? model.parameters(),
      (step) => {
        const own = lossOf(model, slice(examples, step));
        if (task === 0) return own;
        if (way === "replay") return own.add(lossOf(model, memory.sample(32)));
        return way === "ewc" ? own.add(elastic.penalty()) : own;
      },
      250,
    );
    memory.add(examples);
    if (way === "ewc") {
      const batches = examples.slice(0, 200).map((example) => [example]);
      await elastic.remember({ device, batches, loss: (batch) => lossOf(model, batch, { labelSmoothing: 0 }) });
    }
    const row: number[] = [];
    for (const [other, examples] of tests.entries()) {
      // A task that is not begun yet is answered as the model now does.
      if (adapters && other <= task) await adapters.use(`${other}`);
      row.push(await accuracyOf(model, examples, device));
    }
    await adapters?.use(`${task}`);
    scores.push(row);
  }
  return scores;
}

test("learned in turn, tasks that contradict each other are forgotten; replay keeps more of them, and adapters everything", async () => {
  await using device = await openDevice(wasm({ threads: 1 }));
  const found: Record<string, ReturnType<typeof measureForgetting>> = {};
  for (const way of ["naive", "replay", "ewc", "adapters"] as const) {
    const scores = await learnInTurn(way, device);
    found[way] = measureForgetting(scores);
    console.log(`${way}: ${scores.map((row) => row.map((score) => score.toFixed(3)).join(" ")).join(" | ")} ${JSON.stringify(found[way])}`);
  }
  expect(found.naive!.forgetting).toBeGreaterThan(0.1);
  expect(found.replay!.forgetting).toBeLessThan(found.naive!.forgetting / 2);
  // EWC cannot help here, and is measured to show it: with one head and no word of the task but in the input, what the new task needs is
  // what the old ones rest on. van de Ven and Tolias 2019, arXiv:1904.07734.
  expect(found.ewc!.forgetting).toBeGreaterThan(found.replay!.forgetting);
  expect(found.adapters!.forgetting).toBe(0);
  expect(found.adapters!.average).toBeGreaterThan(0.9);
});
