import { type HostTensor, hostTensor, Rng, sum, type Tensor, tensor } from "@dl/core";
import { Embedding, Linear, Module } from "@dl/nn";
import { expect, test } from "vitest";
import { onDevice } from "./explain-fixture.ts";
import { fromLayer } from "./from-layer.ts";
import { integratedGradients } from "./gradients/integrated-gradients.ts";

test("from a layer on: integrated gradients of embeddings say what each word brings, and add up", async () => {
  class Bag extends Module {
    readonly table: Embedding = new Embedding({ count: 5, size: 3, rng: new Rng(1) });
    readonly head: Linear = new Linear({ inputs: 3, outputs: 2, rng: new Rng(2) });
    forward(ids: Tensor): Tensor {
      return this.head.forward(sum(this.table.forward(ids), 1).square());
    }
  }
  await onDevice(async (device) => {
    using model = new Bag();
    const ids = hostTensor(Int32Array.of(1, 4, 4, 2), [1, 4]);
    const { words, scores, nothing, after } = (await device.compute(() => {
      const whole = (): Tensor => model.forward(tensor(ids));
      const { output, forward } = fromLayer({ model, layer: "table", forward: whole });
      const words = sum(integratedGradients(output, { forward, target: 1, steps: 3 }), -1);
      return { words, scores: whole(), nothing: forward(output.mul(0)), after: whole() };
    })) as Record<string, HostTensor>;
    expect(words!.shape).toEqual([1, 4]);
    expect([...words!.data].reduce((a, b) => a + b)).toBeCloseTo(scores!.data[1]! - nothing!.data[1]!, 10);
    expect(words!.data[1]).toBeCloseTo(words!.data[2]!, 12);
    expect([...after!.data]).toEqual([...scores!.data]);
    const from = (layer: string) => device.compute(() => fromLayer({ model, layer, forward: () => model.forward(tensor(ids)) }).output);
    await expect(from("tables")).rejects.toThrow('fromLayer: expected a layer of the model (table, head), got "tables"');
  });
});
