import { attention, Cell, type Device, hostTensor, OptionError, Rng, ShapeError, tensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import { inference, training } from "../mode.ts";
import { decode, expectClose, expectReference, onDevice, precisions, referenceCases } from "../reference-fixture.ts";
import { MultiHeadAttention } from "./multi-head-attention.ts";

const rng = new Rng(4);
const oracle = precisions[0]!;
const sequence = (length: number, size = 8): Float32Array => new Rng(11).normal([length * size]).data as Float32Array;

describe.each(precisions)("attention as PyTorch, on $name", (precision) => {
  test.each(referenceCases("attention"))("case %#: $attrs", async (reference) => {
    await onDevice(precision.backend(), async (device) => {
      const [q, k, v] = ["q", "k_", "v"].map((name) => new Cell(decode(reference.inputs[name]!))) as [Cell, Cell, Cell];
      const { shape, data } = reference.ints.keep!;
      const keep = hostTensor(Uint8Array.from(data, Number), shape);
      const forward = () => attention(q.value, { key: k.value, value: v.value }, { mask: tensor(keep) });
      await expectReference(device, reference, { cells: { q, k_: k, v }, forward }, precision);
      for (const cell of [q, k, v]) cell[Symbol.dispose]();
    });
  });
});

describe("multi-head attention", () => {
  /** Runs `work`, with the layers freed before the device is asked what is left. */
  const run = (layer: MultiHeadAttention, work: (device: Device) => Promise<void>): Promise<void> =>
    onDevice(oracle.backend(), async (device) => {
      await work(device);
      layer[Symbol.dispose]();
    });

  test("no sequences give no outputs", async () => {
    const layer = new MultiHeadAttention({ size: 8, heads: 2, rng });
    await run(layer, async (device) => {
      expect((await device.compute(() => layer.forward(tensor(hostTensor(new Float32Array(0), [0, 5, 8])), inference))).shape).toEqual([
        0, 5, 8,
      ]);
    });
  });

  test("causal: what comes later does not change what came before", async () => {
    const layer = new MultiHeadAttention({ size: 8, heads: 2, rng });
    await run(layer, async (device) => {
      const values = sequence(5);
      const changed = values.slice();
      changed.fill(3, 4 * 8); // the last step alone
      const [a, b] = await Promise.all(
        [values, changed].map((data) =>
          device.compute(() => layer.forward(tensor(hostTensor(data, [1, 5, 8])), inference, { causal: true })),
        ),
      );
      expect(a!.data.slice(0, 32)).toEqual(b!.data.slice(0, 32));
      expect(a!.data.slice(32)).not.toEqual(b!.data.slice(32));
    });
  });

  test("padding hidden by a mask gives the result of the shorter sequence; masks of two, three and four axes agree", async () => {
    const layer = new MultiHeadAttention({ size: 8, heads: 2, rng });
    await run(layer, async (device) => {
      const data = sequence(5);
      const results = await device.compute(() => {
        const x = tensor(hostTensor(data, [1, 5, 8]));
        const keep = tensor([1, 1, 1, 0, 0], { dtype: "bool" });
        const query = x.slice([0, 0, 0], [1, 3, 8]);
        const short = layer.forward(query, inference);
        const masks = [keep.reshape([1, 5]), keep.reshape([1, 1, 5]), keep.reshape([1, 1, 1, 5])];
        return [short, ...masks.map((mask) => layer.forward(query, inference, { context: x, mask }))];
      });
      for (const result of results.slice(1)) expectClose(result, results[0]!, { absolute: 1e-12, relative: 1e-12 });
    });
  });

  test("one key head for four query heads is four equal key heads", async () => {
    const grouped = new MultiHeadAttention({ size: 8, heads: 4, keyHeads: 1, rng });
    const full = new MultiHeadAttention({ size: 8, heads: 4, rng });
    for (const name of ["query", "output"] as const) {
      full[name].weight.load(await grouped[name].weight.read());
      full[name].bias!.load(await grouped[name].bias!.read());
    }
    for (const name of ["key", "value"] as const) {
      const weight = (await grouped[name].weight.read()).data as Float32Array; // [8, 2]
      full[name].weight.load(
        hostTensor(
          Float32Array.from({ length: 64 }, (_, i) => weight[Math.floor(i / 8) * 2 + (i % 2)]!),
          [8, 8],
        ),
      );
      const bias = (await grouped[name].bias!.read()).data;
      full[name].bias!.load(
        hostTensor(
          Float32Array.from({ length: 8 }, (_, i) => bias[i % 2]!),
          [8],
        ),
      );
    }
    await run(full, async (device) => {
      const x = hostTensor(sequence(3), [1, 3, 8]);
      const [a, b] = await device.compute(() => [grouped, full].map((layer) => layer.forward(tensor(x), inference)));
      expectClose(a!, b!, { absolute: 1e-12, relative: 1e-12 });
      grouped[Symbol.dispose]();
    });
  });

  test("dropout on the weights acts in training only", async () => {
    const layer = new MultiHeadAttention({ size: 8, heads: 2, dropout: 0.5, rng });
    await run(layer, async (device) => {
      const x = hostTensor(sequence(6), [1, 6, 8]);
      const forward = (mode: Parameters<typeof layer.forward>[1]) => device.compute(() => layer.forward(tensor(x), mode));
      expect((await forward(training(new Rng(1)))).data).not.toEqual((await forward(inference)).data);
      expect((await forward(training(new Rng(1)))).data).toEqual((await forward(training(new Rng(1)))).data);
    });
  });

  test("what does not fit", async () => {
    expect(() => new MultiHeadAttention({ size: 8, heads: 3, rng })).toThrow(OptionError);
    expect(() => new MultiHeadAttention({ size: 8, heads: 4, keyHeads: 3, rng })).toThrow(OptionError);
    const layer = new MultiHeadAttention({ size: 8, heads: 2, rng });
    await run(layer, async (device) => {
      await expect(device.compute(() => layer.forward(tensor([[1, 2, 3, 4, 5, 6, 7, 8]]), inference))).rejects.toThrow(ShapeError);
    });
  });
});
