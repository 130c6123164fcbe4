import { cpu } from "@dl/backend-cpu";
import { type Device, type HostTensor, openDevice, Rng, tensor } from "@dl/core";
import { inference, readState } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { Gpt2, nanoGptShakespeare } from "../models/gpt2.ts";
import { Bottlenecks } from "./bottleneck.ts";
import { Ia3 } from "./ia3.ts";
import { Lora } from "./lora.ts";
import { peftFiles } from "./peft-files.ts";

const rng = new Rng(4);
const ids: HostTensor = { data: Int32Array.from({ length: 12 }, (_, i) => (i * 7) % 13), shape: [1, 12], dtype: "int32" };

interface Stage {
  readonly model: Gpt2;
  readonly device: Device;
  readonly logits: () => Promise<ArrayLike<number>>;
  readonly weights: () => Promise<ReadonlyMap<string, readonly number[]>>;
}

/** A model whose biases are not zero, on a device precise enough to tell a wrong sum from a rounding. */
async function onStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  await using device = await openDevice(cpu({ precision: "float64" }));
  using model = new Gpt2({ ...nanoGptShakespeare, size: 16, layers: 1, heads: 2, deviation: 0.4, rng: rng.fork("model") });
  for (const [path, parameter] of model.namedParameters()) {
    if (path.endsWith("bias")) parameter.load(rng.fork(path).normal(parameter.shape, 0, 0.3));
  }
  await work({
    ...{ model, device },
    logits: async () => (await device.compute(() => model.forward({ ids: tensor(ids) }, inference))).data,
    weights: async () => new Map([...(await readState(model))].map(([path, { data }]) => [path, Array.from(data)])),
  });
}

function loraOn(model: Gpt2, name: string, { dora = false }: { dora?: boolean } = {}): Lora {
  const lora = new Lora(model, { targets: ["project", "expand"], rank: 2, alpha: 4, dora, rng: rng.fork(name) });
  for (const { up } of lora.layers.values()) up.load(rng.fork(`${name} up`).normal(up.shape, 0, 0.3));
  return lora;
}

function ia3On(model: Gpt2): Ia3 {
  const ia3 = new Ia3(model, { targets: ["project"], feedForward: ["expand", "contract"] });
  for (const [path, factor] of ia3.factors) factor.load(rng.fork(path).normal(factor.shape, 1, 0.3));
  return ia3;
}

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>): void {
  for (let i = 0; i < wanted.length; i++) expect(Math.abs(got[i]! - wanted[i]!)).toBeLessThan(1e-9);
}

describe("adapters merged into the same layers", () => {
  test("two of LoRA give what they give beside the weights, and the last one merged is the first to go", () =>
    onStage(async ({ model, device, logits, weights }) => {
      const [before, plain] = [await weights(), await logits()];
      using first = loraOn(model, "first");
      using second = loraOn(model, "second");
      const both = await logits();
      await first.merge(device);
      expectClose(await logits(), both);
      const withFirst = await weights();
      await second.merge(device);
      expectClose(await logits(), both);
      expect(() => first.unmerge()).toThrow(/Lora\.unmerge: .*expected the adapter that was merged last, got one before Lora/);
      expect(() => first.detach()).toThrow(/Unmerge that one first/);
      second.unmerge();
      expect(await weights()).toEqual(withFirst);
      first.unmerge();
      expect(await weights()).toEqual(before);
      expectClose(await logits(), both);
      first.detach();
      second.detach();
      expect(await logits()).toEqual(plain);
    }));

  test("one merge at a time: the second of two at once is refused, and the first stands", () =>
    onStage(async ({ model, device, logits, weights }) => {
      const before = await weights();
      using first = loraOn(model, "first");
      using second = loraOn(model, "second");
      const both = await logits();
      const one = first.merge(device);
      await expect(second.merge(device)).rejects.toThrow(/expected one merge at a time/);
      await one;
      expectClose(await logits(), both);
      await expect(first.merge(device)).rejects.toThrow(/expected an adapter that is not merged yet/);
      first.unmerge();
      expect(() => first.unmerge()).toThrow(/expected a merged adapter, got one that is not/);
      expect(await weights()).toEqual(before);
    }));

  test("IA³ multiplies weights and biases, and inputs of the layers it is told", () =>
    onStage(async ({ model, device, logits, weights }) => {
      const before = await weights();
      using ia3 = ia3On(model);
      const beside = await logits();
      await ia3.merge(device);
      expectClose(await logits(), beside);
      const merged = await weights();
      const factor = await ia3.factors.get("blocks.0.attention.project")!.read();
      const bias = "blocks.0.attention.project.bias";
      expectClose(
        merged.get(bias)!,
        before.get(bias)!.map((value, i) => value * factor.data[i]!),
      );
      expect(merged.get("blocks.0.feedForward.expand.bias")).toEqual(before.get("blocks.0.feedForward.expand.bias"));
      ia3.detach();
      expect(await weights()).toEqual(before);
    }));

  test("a factor around a sum goes in after it, and comes out before it", () =>
    onStage(async ({ model, device, logits, weights }) => {
      const before = await weights();
      using lora = loraOn(model, "lora");
      using ia3 = ia3On(model);
      const both = await logits();
      await expect(ia3.merge(device)).rejects.toThrow(/expected all inside of it to be merged, got Lora beside the weights/);
      expect(await weights()).toEqual(before);
      await lora.merge(device);
      expectClose(await logits(), both);
      await ia3.merge(device);
      expectClose(await logits(), both);
      expect(() => lora.unmerge()).toThrow(/got one before Ia3/);
      ia3.unmerge();
      expectClose(await logits(), both);
      lora.unmerge();
      expect(await weights()).toEqual(before);
    }));

  test("a sum around a factor that is not merged, or around a network, is refused", () =>
    onStage(async ({ model, device }) => {
      using ia3 = ia3On(model);
      using lora = loraOn(model, "lora");
      await expect(lora.merge(device)).rejects.toThrow(/got Ia3 beside the weights/);
      await ia3.merge(device);
      await lora.merge(device);
      lora.unmerge();
      lora.detach();
      ia3.detach();
      using networks = new Bottlenecks(model, { targets: ["expand"], size: 2, rng });
      using again = loraOn(model, "again");
      await expect(again.merge(device)).rejects.toThrow(/got Bottlenecks beside the weights/);
      networks.detach();
      await again.merge(device);
    }));

  test("DoRA is merged alone: it reads the weights under it", () =>
    onStage(async ({ model, device, logits }) => {
      using lora = loraOn(model, "lora");
      using dora = await loraOn(model, "dora", { dora: true }).ready();
      await expect(lora.merge(device)).rejects.toThrow(/expected weights that no other adapter reads/);
      await expect(dora.merge(device)).rejects.toThrow(/got Lora beside the weights/);
      lora.detach();
      const beside = await logits();
      await dora.merge(device);
      expectClose(await logits(), beside);
    }));
});

test("DoRA that is not ready is no model without DoRA: it cannot be used, trained or merged", () =>
  onStage(async ({ model, device, logits }) => {
    const plain = await logits();
    using dora = loraOn(model, "dora", { dora: true });
    expect(() => dora.trained()).toThrow(/Lora\.trained: expected DoRA that has read .* Await ready\(\) first/);
    await expect(logits()).rejects.toThrow(/Lora\.forward: expected DoRA/);
    await expect(dora.merge(device)).rejects.toThrow(/Lora\.merge: expected DoRA/);
    await expect(peftFiles(dora)).rejects.toThrow(/expected DoRA/);
    await dora.ready();
    expect([...dora.namedParameters().keys()].filter((path) => path.endsWith("magnitude"))).toHaveLength(2);
    expect(dora.trained()).toHaveLength(6);
    expect(Array.from(await logits())).not.toEqual(Array.from(plain));
    dora.detach();
    expect(await logits()).toEqual(plain);
  }));
