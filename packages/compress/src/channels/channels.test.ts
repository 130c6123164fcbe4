import { KerasCnn, kerasCnnCifar10, LeNet, lenetMnist, ResNet, resnet20 } from "@dl/cnn";
import { type Device, hostTensor, Rng, type Shape, type Tensor } from "@dl/core";
import { LayerNorm, Linear, type Mode, Module } from "@dl/nn";
import { expect, test } from "vitest";
import { answers, Dense, Knot, onDevice } from "../compress-fixture.ts";
import { relativeDifference } from "../layers/agree.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { PruningMasks } from "../pruning/masks.ts";
import { channelMasks } from "./channel-masks.ts";
import { chooseChannels, removeChannels } from "./remove-channels.ts";
import { traceChannels } from "./trace-channels.ts";

/** Cuts a share of the channels, and compares with the network in which they are masked. */
async function cut(
  model: TracedModel,
  { device, inputShape, share }: { device: Device; inputShape: Shape; share: number },
): Promise<{ difference: number; changed: number; before: number; after: number }> {
  const inputs = new Rng(7).normal([3, ...inputShape]);
  const whole = await answers(model, inputs, device);
  const graph = await traceChannels(model, { device, inputShape });
  expect(relativeDifference(await answers(model, inputs, device), whole)).toBe(0);
  const groups = await chooseChannels(model, graph, { share });
  const masks = new PruningMasks(model, await channelMasks(model, groups));
  const masked = await answers(model, inputs, device);
  masks.detach();
  const { before, after } = await removeChannels(model, groups, { device, inputShape });
  const difference = relativeDifference(await answers(model, inputs, device), masked);
  return { difference, changed: relativeDifference(whole, masked), before, after };
}

test("channels go through normalisation, a residual sum, a depthwise convolution, a pool and a flattened image", async () => {
  await onDevice(async (device) => {
    using model = new Knot(new Rng(1));
    const graph = await traceChannels(model, { device, inputShape: [8, 8, 2] });
    // 6 of the trunk, 5 inside the branch, 7 before the head.
    expect(graph.groups).toHaveLength(18);
    expect(graph.fixed).toEqual(new Map([["head", "it is the model's answer"]]));
    const trunk = graph.groups.find(({ made }) => made.some(({ layer, channel }) => layer === "stem" && channel === 2))!;
    expect(trunk.made).toEqual([
      { layer: "stem", channel: 2 },
      { layer: "outer", channel: 2 },
    ]);
    expect(trunk.passed).toEqual([
      { layer: "norm", channel: 2 },
      { layer: "depthwise", channel: 2 },
    ]);
    const places = trunk.used.filter(({ layer }) => layer === "wide").map(({ channel }) => channel);
    expect(places).toEqual(Array.from({ length: 16 }, (_, pixel) => pixel * 6 + 2));
    expect(trunk.used.filter(({ layer }) => layer === "inner")).toEqual([{ layer: "inner", channel: 2 }]);
  });
});

test("the cut network answers as the masked one, and is as small as can be counted by hand", async () => {
  await onDevice(async (device) => {
    using model = new Knot(new Rng(1));
    const { difference, changed, after } = await cut(model, { device, inputShape: [8, 8, 2], share: 0.5 });
    expect(changed).toBeGreaterThan(1e-3);
    expect(difference).toBeLessThan(1e-12);
    // 3 of the trunk, 2 or 3 inside, 3 or 4 before the head stay: rounding takes the half up.
    const [trunk, inner, wide] = [3, 2, 3];
    const weights = 9 * 2 * trunk + 2 * trunk + 9 * trunk * inner + 9 * inner * trunk + 9 * trunk + 16 * trunk * wide + wide * 3;
    const biases = trunk + inner + trunk + trunk + wide + 3;
    expect(after).toBe(weights + biases);
    expect(model.depthwise.options.groups).toBe(3);
    expect(model.norm.runningMean.shape).toEqual([3]);
  });
});

test.each([
  ["LeNet", (rng: Rng) => new LeNet({ ...lenetMnist, rng }), [28, 28, 1], 0.5],
  ["KerasCnn", (rng: Rng) => new KerasCnn({ ...kerasCnnCifar10, filters: [8, 8, 8], hidden: 16, rng }), [32, 32, 3], 0.25],
  [
    "a residual network with zeros for new channels",
    (rng: Rng) => new ResNet({ ...resnet20, depths: [1, 1, 1], width: 4, classes: 5, rng }),
    [16, 16, 3],
    0.5,
  ],
  [
    "a residual network with projections",
    (rng: Rng) => new ResNet({ ...resnet20, shortcut: "project", depths: [1, 1], width: 4, classes: 5, rng }),
    [16, 16, 3],
    0.5,
  ],
] as const)("%s is cut to the answers of the masked network", async (_, make, inputShape, share) => {
  await onDevice(async (device) => {
    using model = make(new Rng(3)) as TracedModel;
    const { difference, changed, before, after } = await cut(model, { device, inputShape, share });
    expect(changed).toBeGreaterThan(1e-4);
    expect(difference).toBeLessThan(1e-5);
    expect(after).toBeLessThan(before * (1 - share / 2));
  }, "fast");
});

class Mixing extends Module {
  readonly first: Linear;
  readonly norm: LayerNorm;
  readonly second: Linear;

  constructor(rng: Rng) {
    super();
    this.first = new Linear({ inputs: 4, outputs: 6, rng: rng.fork("first") });
    this.norm = new LayerNorm({ size: 6 });
    this.second = new Linear({ inputs: 6, outputs: 2, rng: rng.fork("second") });
  }

  forward(x: Tensor, _: Mode): Tensor {
    return this.second.forward(this.norm.forward(this.first.forward(x)));
  }
}

test("what cannot be cut is said with its reason", async () => {
  await onDevice(async (device) => {
    using model = new Mixing(new Rng(1));
    await expect(traceChannels(model, { device, inputShape: [4] })).rejects.toThrow(
      "first: norm, a LayerNorm, takes it; second: it is the model's answer",
    );
  });
});

class Summed extends Module {
  readonly first: Linear;
  readonly second: Linear;

  constructor(rng: Rng) {
    super();
    this.first = new Linear({ inputs: 6, outputs: 6, rng: rng.fork("first") });
    this.second = new Linear({ inputs: 6, outputs: 2, rng: rng.fork("second") });
  }

  forward(x: Tensor): Tensor {
    return this.second.forward(this.first.forward(x).add(x));
  }
}

test("channels to which the input itself is added stay", async () => {
  await onDevice(async (device) => {
    using model = new Summed(new Rng(1));
    await expect(traceChannels(model, { device, inputShape: [6] })).rejects.toThrow("first: the model's input is added to it");
  });
});

test("the channels of least weight go, and one of each work stays", async () => {
  await onDevice(async (device) => {
    using model = new Dense(new Rng(1), { hidden: 3 });
    model.hidden.weight.load(
      hostTensor(
        Float32Array.from({ length: 18 }, (_, i) => [1, 0.1, 2][i % 3]!),
        [6, 3],
      ),
    );
    const graph = await traceChannels(model, { device, inputShape: [6] });
    const gone = async (share: number, scope: "layer" | "global" = "layer"): Promise<number[]> =>
      (await chooseChannels(model, graph, { share, scope })).map(({ made }) => made[0]!.channel);
    expect(await gone(0)).toEqual([]);
    expect(await gone(0.34)).toEqual([1]);
    expect(await gone(0.9)).toEqual([1, 0]);
    expect(await gone(0.9, "global")).toEqual([1, 0]);
    await expect(chooseChannels(model, graph, { share: 1 })).rejects.toThrow("expected a share from 0 up to, not including, 1, got 1");
    await expect(chooseChannels(model, graph, { share: 0.5, by: "batch-norm" })).rejects.toThrow(
      "expected batch normalisation after hidden",
    );
    await expect(chooseChannels(model, graph, { share: 0.5, by: "L1" as never })).rejects.toThrow(
      "expected by l1, l2 or batch-norm, got L1",
    );
    const groups = await chooseChannels(model, graph, { share: 0.5 });
    const { data, shape } = await model.hidden.weight.read();
    model.hidden.weight.load(hostTensor(Float32Array.from(data).fill(Number.NaN, 0, 1), shape));
    await expect(chooseChannels(model, graph, { share: 0.5 })).rejects.toThrow("expected weights that are numbers, got NaN in hidden");
    model.hidden.weight.load(hostTensor(data, shape));
    await removeChannels(model, groups, { device, inputShape: [6] });
    await expect(removeChannels(model, graph.groups.slice(2), { device, inputShape: [6] })).rejects.toThrow("trace it again");
  });
});
