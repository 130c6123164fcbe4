import { type HostTensor, hostTensor, Rng, sum, tensor, valueAndGrad } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { AdamW, Conv2d, ConvTranspose2d, Linear, meanSquaredError, Sequential, Sgd } from "@dl/nn";
import { fit } from "@dl/train";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answers, Dense, onDevice, row } from "../compress-fixture.ts";
import { GradualPruning, magnitudePruning } from "./gradual-pruning.ts";
import { magnitudeMasks, patternMasks, smallestMasks } from "./magnitude.ts";
import { PruningMasks } from "./masks.ts";
import { MovementPruning } from "./movement.ts";
import { cubicSparsity } from "./sparsity-schedule.ts";

const linear = (...weights: number[]): Linear => {
  const layer = new Linear({ inputs: weights.length / 2, outputs: 2, bias: false, rng: new Rng(1) });
  layer.weight.load(hostTensor(Float32Array.from(weights), [weights.length / 2, 2]));
  return layer;
};
const two = (): Sequential => new Sequential([linear(1, -8, 3, 4), linear(-0.5, 0.1, 0.2, 5)]);
const zeros = (mask: HostTensor | undefined): number[] => [...mask!.data];

describe("magnitude", () => {
  test("the smallest of all layers go, or of each", async () => {
    using model = two();
    const global = await magnitudeMasks(model, { sparsity: 0.5 });
    expect(zeros(global.get("layers.0.weight"))).toEqual([0, 1, 1, 1]);
    expect(zeros(global.get("layers.1.weight"))).toEqual([0, 0, 0, 1]);
    const layer = await magnitudeMasks(model, { sparsity: 0.5, scope: "layer" });
    expect(zeros(layer.get("layers.0.weight"))).toEqual([0, 1, 0, 1]);
    expect(zeros(layer.get("layers.1.weight"))).toEqual([1, 0, 0, 1]);
    const one = await magnitudeMasks(model, { sparsity: 0.25, layers: ["layers.1"] });
    expect([...one.keys()]).toEqual(["layers.1.weight"]);
  });

  test("as many go as asked for, ties or not, and none that is larger than one that stays", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 40 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (sizes, sparsity) => {
          const scores = new Map([["w", hostTensor(Float32Array.from(sizes), [sizes.length])]]);
          const mask = zeros(smallestMasks("test", scores, { sparsity }).get("w"));
          expect(mask.filter((kept) => kept === 0)).toHaveLength(Math.round(sparsity * sizes.length));
          const gone = sizes.filter((_, i) => mask[i] === 0);
          const kept = sizes.filter((_, i) => mask[i] === 1);
          expect(Math.max(-1, ...gone)).toBeLessThanOrEqual(Math.min(5, ...kept));
        },
      ),
    );
  });

  test("2 of 4 along the inputs of each output, whatever the kind of layer", async () => {
    using dense = new Linear({ inputs: 4, outputs: 1, rng: new Rng(1) });
    dense.weight.load(hostTensor(Float32Array.of(1, -4, 3, 2), [4, 1]));
    expect(zeros((await patternMasks(dense, { keep: 2, of: 4 })).get("weight"))).toEqual([0, 1, 1, 0]);
    using conv = new Conv2d({ inputs: 4, outputs: 2, kernelSize: 1, rng: new Rng(1) });
    conv.weight.load(hostTensor(Float32Array.of(1, 8, 2, 7, 3, 6, 4, 5), [1, 1, 4, 2]));
    expect(zeros((await patternMasks(conv, { keep: 2, of: 4 })).get("weight"))).toEqual([0, 1, 0, 1, 1, 0, 1, 0]);
    using back = new ConvTranspose2d({ inputs: 4, outputs: 2, kernelSize: 1, rng: new Rng(1) });
    back.weight.load(hostTensor(Float32Array.of(1, 2, 3, 4, 8, 7, 6, 5), [1, 1, 2, 4]));
    expect(zeros((await patternMasks(back, { keep: 1, of: 4 })).get("weight"))).toEqual([0, 0, 0, 1, 1, 0, 0, 0]);
    using odd = new Linear({ inputs: 6, outputs: 1, rng: new Rng(1) });
    await expect(patternMasks(odd, { keep: 2, of: 4 })).rejects.toThrow("expected inputs in groups of 4, got 6");
  });

  test("bad questions", async () => {
    using model = two();
    await expect(magnitudeMasks(model, { sparsity: 1 })).rejects.toThrow("expected a sparsity from 0 up to, not including, 1, got 1");
    await expect(magnitudeMasks(model, { sparsity: Number.NaN })).rejects.toThrow("got NaN");
    await expect(magnitudeMasks(model, { sparsity: 0.5, layers: ["fc"] })).rejects.toThrow('(layers.0, layers.1), got "fc"');
    using diverged = linear(Number.NaN, 1);
    await expect(magnitudeMasks(diverged, { sparsity: 0.5 })).rejects.toThrow("got NaN in weight");
    using moved = new MovementPruning(linear(1, 2));
    moved.scores.get("weight")!.load(hostTensor(Float32Array.of(Number.NaN, 1), [1, 2]));
    await expect(moved.prune(0.5)).rejects.toThrow("got NaN in weight");
  });
});

describe("masks", () => {
  test("are in the passes and the gradients, and not in the parameters, until they are made permanent", async () => {
    await onDevice(async (device) => {
      using model = linear(1, 2, 3, 4);
      const masks = new PruningMasks(model, new Map([["weight", hostTensor(Float32Array.of(1, 0, 0, 1), [2, 2])]]));
      expect(masks.sparsity).toBe(0.5);
      const x = row(10, 100);
      expect([...(await answers(model, x, device)).data]).toEqual([10, 400]);
      expect([...(await model.weight.read()).data]).toEqual([1, 2, 3, 4]);
      const gradient = (await device.compute(() => {
        const { grads } = valueAndGrad(() => sum(model.forward(tensor(x))), [model.weight]);
        return grads.get(model.weight)!;
      })) as unknown as HostTensor;
      expect([...gradient.data]).toEqual([10, 0, 0, 100]);
      masks.detach();
      expect([...(await answers(model, x, device)).data]).toEqual([310, 420]);
      const again = new PruningMasks(model, await masks.read());
      await again.makePermanent(device);
      expect([...(await answers(model, x, device)).data]).toEqual([10, 400]);
      expect([...(await model.weight.read()).data]).toEqual([1, 0, 0, 4]);
      await expect(again.makePermanent(device)).rejects.toThrow("expected attached masks, got detached ones");
    });
  });

  test("that do not fit are refused", () => {
    using model = linear(1, 2, 3, 4);
    const make = (path: string, shape: readonly number[], value: number) => () =>
      new PruningMasks(model, new Map([[path, hostTensor(new Float32Array(shape.reduce((a, b) => a * b)).fill(value), shape)]]));
    expect(make("bias", [2], 1)).toThrow('got "bias"');
    expect(make("weight", [4], 1)).toThrow("weight: expected a mask of shape [2, 2], got [4]");
    expect(make("weight", [2, 2], 0.5)).toThrow("expected a mask of zeros and ones");
    const whole = new Map([["weight", hostTensor(new Int32Array(4), [2, 2])]]);
    expect(() => new PruningMasks(model, whole)).toThrow("weight: expected a mask of float32, got int32");
  });
});

test("the cubic schedule by hand: an eighth of the way is left at half time", () => {
  const schedule = cubicSparsity({ initial: 0.2, final: 0.9, begin: 100, end: 300 });
  expect([0, 100, 200, 300, 1000].map(schedule)).toEqual([0.2, 0.2, 0.9 - 0.7 / 8, 0.9, 0.9].map((value) => expect.closeTo(value, 12)));
  expect(() => cubicSparsity({ final: 0.9, begin: 5, end: 5 })).toThrow("expected 0 ≤ begin < end, got 5 and 5");
});

/** Targets of a known linear map. */
function regression(): { inputs: HostTensor; targets: HostTensor } {
  const rng = new Rng(3);
  const inputs = rng.normal([64, 6]);
  const weights = rng.normal([6, 3]);
  const targets = new Float32Array(64 * 3);
  for (let i = 0; i < 64; i++)
    for (let j = 0; j < 3; j++) for (let k = 0; k < 6; k++) targets[i * 3 + j]! += inputs.data[i * 6 + k]! * weights.data[k * 3 + j]!;
  return { inputs, targets: hostTensor(targets, [64, 3]) };
}

test("gradual pruning ends at the schedule's sparsity, and what is masked has not moved", async () => {
  await onDevice(async (device) => {
    using model = new Dense(new Rng(1));
    const masks = new PruningMasks(model, await magnitudeMasks(model, { sparsity: 0 }));
    using optimizer = new Sgd(model.parameters(), { learningRate: 0.05 });
    const seen: number[] = [];
    const { history } = await fit({
      ...{ device, model, optimizer, batchSize: 16, epochs: 10, rng: new Rng(1), dataset: arrayDataset(regression()) },
      step: ({ inputs, targets }) => meanSquaredError(model.forward(inputs!), targets!),
      callbacks: [
        new GradualPruning({ pruning: magnitudePruning(model, { masks }), schedule: cubicSparsity({ final: 0.75, end: 20 }), every: 5 }),
        { name: "look", onEpoch: () => void seen.push(masks.sparsity) },
      ],
    });
    expect(seen[0]).toBeLessThan(0.75);
    expect(seen.at(-1)).toBeCloseTo(0.75, 1);
    expect(history.at(-1)!.metrics.loss).toBeLessThan(history[0]!.metrics.loss!);
    const before = await answers(model, row(1, 2, 3, 4, 5, 6), device);
    await masks.makePermanent(device);
    expect((await answers(model, row(1, 2, 3, 4, 5, 6), device)).data).toEqual(before.data);
    const { data } = await model.hidden.weight.read();
    expect(data.filter((value) => value === 0).length).toBeGreaterThan(20);
  });
});

test("movement pruning: a score gets gradient · weight, by hand", async () => {
  await onDevice(async (device) => {
    using model = linear(2, 3);
    using pruning = new MovementPruning(model);
    const scores = pruning.scores.get("weight")!;
    const loss = () => sum(pruning.forward(tensor(row(10))).mul(tensor([[1, -1]])));
    const { weight, score } = (await device.compute(() => {
      const { grads } = valueAndGrad(loss, [model.weight, scores]);
      return { weight: grads.get(model.weight)!, score: grads.get(scores)! };
    })) as unknown as Record<string, HostTensor>;
    expect([...weight!.data]).toEqual([10, -10]);
    expect([...score!.data]).toEqual([20, -30]);
  });
});

test("movement pruning keeps what moves away from zero, where magnitude keeps what is large", async () => {
  await onDevice(async (device) => {
    // The large weight is of no use and shrinks; the small one grows.
    using model = linear(1, 0, 0.1, 0);
    using pruning = new MovementPruning(model);
    using optimizer = new AdamW([{ parameters: [model.weight] }, { parameters: pruning.scoreParameters() }], { learningRate: 0.01 });
    const inputs = new Rng(1).normal([32, 2]);
    const targets = hostTensor(
      Float32Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? inputs.data[i + 1]! : 0)),
      [32, 2],
    );
    for (let step = 0; step < 20; step++) {
      await device.compute(() => {
        const { value, grads } = valueAndGrad(
          () => meanSquaredError(pruning.forward(tensor(inputs)), tensor(targets)),
          pruning.parameters(),
        );
        optimizer.update(grads);
        return value;
      });
    }
    await pruning.prune(0.75);
    expect(zeros((await pruning.masks.read()).get("weight"))).toEqual([0, 0, 1, 0]);
    expect(zeros((await magnitudeMasks(model, { sparsity: 0.75 })).get("weight"))).toEqual([1, 0, 0, 0]);
  });
});
