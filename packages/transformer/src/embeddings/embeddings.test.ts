import { cpu } from "@dl/backend-cpu";
import { type Device, hostTensor, openDevice, Rng, tensor, valueAndGrad } from "@dl/core";
import { AdamW, inference, type Mode, training } from "@dl/nn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BidirectionalEncoder } from "../models/bidirectional-encoder.ts";
import { nearest, similarities } from "./retrieval.ts";
import { meanPooled, simCseLoss } from "./sentence-vectors.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu());
});
afterAll(() => device[Symbol.asyncDispose]());

describe("one vector for a text", () => {
  test("the mean of real tokens, by hand; a row of padding is zero", async () => {
    const pooled = await device.compute(() => {
      const hidden = tensor([
        [
          [1, 2],
          [3, 4],
          [9, 9],
        ],
        [
          [5, 5],
          [5, 5],
          [5, 5],
        ],
      ]);
      const mask = tensor(
        [
          [1, 1, 0],
          [0, 0, 0],
        ],
        { dtype: "bool" },
      );
      return [meanPooled(hidden, mask), meanPooled(hidden)];
    });
    expect([...pooled[0]!.data]).toEqual([2, 3, 0, 0]);
    expect(pooled[1]!.data[0]).toBeCloseTo(13 / 3, 6);
    await expect(device.compute(() => meanPooled(tensor([[1, 2]])))).rejects.toThrow(/meanPooled: expected hidden \[B, T, C\]/);
  });

  test("SimCSE draws texts apart: a text's two views stay alike, others become less so", async () => {
    const rng = new Rng(3);
    using encoder = new BidirectionalEncoder({ vocabulary: 20, context: 8, size: 16, layers: 1, heads: 2, dropout: 0.1, rng });
    using optimizer = new AdamW(encoder.parameters(), { learningRate: 5e-3 });
    const ids = hostTensor(
      Int32Array.from({ length: 6 * 5 }, (_, i) => 1 + ((i * 7 + Math.floor(i / 5)) % 19)),
      [6, 5],
    );
    const encode = (mode: Mode) => meanPooled(encoder.forward({ ids: tensor(ids) }, mode));
    const others = async (): Promise<number> => {
      const vectors = await device.compute(() => encode(inference));
      const { data } = similarities(vectors, vectors);
      return Array.from(data).reduce((sum, value, i) => (i % 7 === 0 ? sum : sum + value), 0) / 30;
    };
    const before = await others();
    const losses: number[] = [];
    for (let step = 0; step < 30; step++) {
      losses.push(
        await device.compute(() => {
          const { value, grads } = valueAndGrad(() => simCseLoss(encode, { mode: training(rng.fork(`${step}`)) }), encoder.parameters());
          optimizer.update(grads);
          return value;
        }),
      );
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
    expect(await others()).toBeLessThan(before - 0.3);
    await expect(device.compute(() => simCseLoss(encode, { mode: inference }))).rejects.toThrow(/without dropout both vectors/);
  });
});

describe("retrieval", () => {
  const items = hostTensor(Float32Array.of(1, 0, 0, 2, 3, 3, 0, 0), [4, 2]);

  test("cosines by hand, whatever the lengths; a zero vector is like nothing", () => {
    const { data, shape } = similarities(hostTensor(Float32Array.of(5, 0), [1, 2]), items);
    expect(shape).toEqual([1, 4]);
    expect([...data]).toEqual([1, 0, Math.fround(Math.SQRT1_2), 0]);
    expect(() => similarities(items, hostTensor(new Float32Array(3), [1, 3]))).toThrow(/expected queries \[Q, C\] and items \[N, C\]/);
  });

  test("the nearest, best first, the earlier of equals; never more than there are", () => {
    const scores = hostTensor(Float32Array.of(0.1, 0.9, 0.9, 0.5), [1, 4]);
    expect(nearest(scores, { count: 3 })[0]!.map(({ index }) => index)).toEqual([1, 2, 3]);
    expect(nearest(scores, { count: 9 })[0]).toHaveLength(4);
    expect(() => nearest(scores, { count: 0 })).toThrow(/whole count of at least 1/);
  });
});
