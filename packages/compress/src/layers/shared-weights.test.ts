import { Rng, type Tensor } from "@dl/core";
import { Embedding, Linear, Module, type Parameter } from "@dl/nn";
import { expect, test } from "vitest";
import { traceChannels } from "../channels/trace-channels.ts";
import { answers, Dense, onDevice } from "../compress-fixture.ts";
import { compressedFile } from "../files/compressed-file.ts";
import { loadCompressed } from "../files/load-compressed.ts";
import { factorise } from "../low-rank/factorise.ts";
import { magnitudeMasks, patternMasks } from "../pruning/magnitude.ts";
import { PruningMasks } from "../pruning/masks.ts";
import { MovementPruning } from "../pruning/movement.ts";
import { portableIntegers } from "../quantisation/portable-integers.ts";
import { QuantisationAware } from "../quantisation/quantisation-aware.ts";
import { quantise, quantiseWeights } from "../quantisation/quantised-model.ts";

/** Two layers that keep one weight, and an embedding's table that is a layer's weight too. `[B, 4]` → `[B, 4]`. */
class Tied extends Module {
  readonly table: Embedding = new Embedding({ count: 4, size: 4, rng: new Rng(1) });
  readonly first: Linear = new Linear({ inputs: 4, outputs: 4, rng: new Rng(2) });
  readonly second: Linear = new Linear({ inputs: 4, outputs: 4, rng: new Rng(3) });
  readonly head: Linear = new Linear({ inputs: 4, outputs: 4, rng: new Rng(4) });

  constructor() {
    super();
    tie(this.second, this.first.weight);
    tie(this.head, this.table.weight);
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.second.forward(this.first.forward(x)));
  }
}

function tie(layer: Linear, weight: Parameter): void {
  (layer as { weight: Parameter }).weight = weight;
}

const inputs = new Rng(5).normal([3, 4]);

test("a weight that is in two places has one mask, under the name it has in the model", async () => {
  using model = new Tied();
  const names = ["first.weight", "table.weight"];
  const masks = new PruningMasks(model, await magnitudeMasks(model, { sparsity: 0.5 }));
  expect([...masks.masks.keys()].sort()).toEqual(names);
  expect(masks.sparsity).toBe(0.5);
  masks.detach();
  expect([...(await patternMasks(model, { keep: 2, of: 4 })).keys()].sort()).toEqual(names);
  using movement = new MovementPruning(model);
  expect([...movement.scores.keys()].sort()).toEqual(names);
});

test.each(["observed", "learned"] as const)(
  "a weight that is in two places is rounded once, after training or during it (%s)",
  async (ranges) => {
    await onDevice(async (device) => {
      using model = new Tied();
      const aware = await QuantisationAware.of(model, { device, calibration: [inputs], ranges });
      const trained = await answers(aware, inputs, device);
      const quantised = await aware.finish();
      expect([...quantised.weights.keys()].sort()).toEqual(["first.weight", "table.weight"]);
      const finished = await answers(quantised, inputs, device);
      for (const [i, value] of trained.data.entries()) expect(finished.data[i]).toBeCloseTo(value, 5);
      const back = await loadCompressed(new Tied(), await compressedFile(quantised));
      expect((await answers(back, inputs, device)).data).toEqual(finished.data);
    });
  },
);

test("of formats with one range for what meets a weight, a weight that two layers share asks too much", async () => {
  await onDevice(async (device) => {
    using model = new Tied();
    const both = await quantise(model, { device, calibration: [inputs] });
    await expect(portableIntegers(both)).rejects.toThrow("got several for first.weight, second among them");
    both.detach();
    const quantised = await quantise(model, { device, calibration: [inputs], layers: ["second", "head"] });
    const one = await portableIntegers(quantised);
    expect([...one.inputs.keys()]).toEqual(["first.weight", "table.weight"]);
    quantised.detach();
    const weights = await portableIntegers(await quantiseWeights(model));
    expect([...weights.weights.keys()]).toEqual(["first.weight", "table.weight"]);
  });
});

test("channels of a layer whose weight an embedding keeps too stay", async () => {
  await onDevice(async (device) => {
    const rng = new Rng(1);
    class Tagged extends Dense {
      readonly tags: Embedding = new Embedding({ count: 6, size: 8, rng: rng.fork("tags") });
    }
    using model = new Tagged(rng);
    tie(model.hidden, model.tags.weight);
    await expect(traceChannels(model, { device, inputShape: [6] })).rejects.toThrow("hidden: its weight is another layer's too");
  });
});

test("a layer that shares its weight is not factored: the other would lose it", async () => {
  await onDevice(async (device) => {
    using model = new Tied();
    const before = await answers(model, inputs, device);
    expect(await factorise(model, { rank: 1 })).toEqual([]);
    expect((await answers(model, inputs, device)).data).toEqual(before.data);
    await expect(factorise(model, { rank: 1, layers: ["first"] })).rejects.toThrow("with a weight of their own, got first");
  });
});
