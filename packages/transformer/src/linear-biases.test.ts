import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { type HostTensor, hostTensor, openDevice, Rng, type Tensor, tanh, tensor } from "@dl/core";
import { inference, readState } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { generate } from "./generation/generate.ts";
import { MaskedLanguageModel } from "./heads/masked-language-model.ts";
import { SequenceClassifier } from "./heads/sequence-classifier.ts";
import { TokenClassifier } from "./heads/token-classifier.ts";
import { ModelConfig } from "./huggingface/config.ts";
import { KeyValueCache } from "./key-value-cache.ts";
import { linearBiases, linearDistances, linearSlopes } from "./linear-biases.ts";
import { bertAlibi } from "./models/bert.ts";
import { BidirectionalEncoder } from "./models/bidirectional-encoder.ts";
import { Llama } from "./models/llama.ts";
import { roberta } from "./models/roberta.ts";
import { loadFolder, saveFolder } from "./node/folder.ts";

test("slopes by hand: eight heads from a half to 1/256; six are four and every other one of eight", () => {
  expect([...linearSlopes(8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((power) => 2 ** -power));
  expect([...linearSlopes(6)]).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8, 2 ** -1, 2 ** -3]);
  expect([...linearBiases({ heads: 2, keyTime: 3 }).data]).toEqual([-2 / 16, -1 / 16, 0, -2 / 256, -1 / 256, 0]);
  expect([...linearDistances({ heads: 1, time: 3 }).data].map((bias) => bias * 256)).toEqual([0, -1, -2, -1, 0, -1, -2, -1, 0]);
});

describe("a Llama with linear biases", () => {
  const rng = new Rng(6);
  const make = (positions: "alibi" | "rotary"): Llama =>
    new Llama({ vocabulary: 20, context: 24, size: 16, layers: 2, heads: 4, keyHeads: 2, hidden: 24, deviation: 0.4, positions, rng });
  const row = [3, 7, 1, 12, 5, 9];
  const ids = (given: readonly number[]): HostTensor => hostTensor(Int32Array.from(given), [1, given.length]);

  test("penalises what is far: of equal keys the nearest counts most, by the slope", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    using model = make("alibi");
    const [first] = (await device.compute(() => {
      const trace = { attentions: [] as Tensor[] };
      model.forward({ ids: tensor(ids([4, 4, 4, 4])) }, inference, { trace });
      return trace.attentions;
    })) as HostTensor[];
    for (const [head, slope] of linearSlopes(4).entries()) {
      const last = first!.data.slice((head * 4 + 3) * 4, (head * 4 + 4) * 4);
      for (let k = 1; k < 4; k++) expect(last[k]! / last[k - 1]!).toBeCloseTo(Math.exp(slope), 9);
    }
  });

  test("knows no places but distances: padding in front changes nothing, order does", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    using model = make("alibi");
    const logits = (given: readonly number[], padding = 0) =>
      device.compute(() => {
        const mask: HostTensor = { data: Uint8Array.from(given, (_, i) => (i < padding ? 0 : 1)), shape: [1, given.length], dtype: "bool" };
        return model.forward({ ids: tensor(ids(given)), mask: tensor(mask) }, inference);
      });
    const plain = await logits(row);
    const padded = await logits([0, 0, 0, ...row], 3);
    for (const [i, value] of plain.data.entries()) expect(Math.abs(padded.data[3 * 20 + i]! - value)).toBeLessThan(1e-9);
    const turned = await logits([7, 3, ...row.slice(2)]);
    expect(Math.abs(turned.data.at(-1)! - plain.data.at(-1)!)).toBeGreaterThan(1e-6);
  });

  test("goes on from a cache as from the whole text, and writes", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    using model = make("alibi");
    using cache = new KeyValueCache({ ...model.cacheShape, batch: 1, capacity: 8 });
    const whole = await device.compute(() => model.forward({ ids: tensor(ids(row)) }, inference));
    await device.compute(() => model.forward({ ids: tensor(ids(row.slice(0, 4))) }, inference, { cache }));
    const rest = await device.compute(() => model.forward({ ids: tensor(ids(row.slice(4))) }, inference, { cache }));
    for (const [i, value] of rest.data.entries()) expect(Math.abs(whole.data[4 * 20 + i]! - value)).toBeLessThan(1e-9);
    expect((await generate(model, [row, row.slice(2)], { device, newTokens: 4, endIds: [] }))[1]!.ids).toHaveLength(4);
  });

  test("is kept in its configuration under a name that transformers does not take for rotary", () => {
    using model = make("alibi");
    const config = model.toConfig();
    expect(config.model_type).toBe("llama_alibi");
    using again = Llama.fromConfig(new ModelConfig(config), { rng });
    expect(again.options).toEqual(model.options);
    using rotary = make("rotary");
    expect(rotary.toConfig().model_type).toBe("llama");
  });
});

describe("an encoder with linear biases", () => {
  const rng = new Rng(8);
  const options = { vocabulary: 20, context: 8, size: 16, layers: 2, heads: 4, deviation: 0.4, dropout: 0 };

  test("sees neighbours best, on both sides: what one token means to another falls with their distance", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    using model = new BidirectionalEncoder({ ...options, alibi: true, rng });
    using plain = new BidirectionalEncoder({ ...options, rng });
    const ids = hostTensor(Int32Array.of(3, 7, 1, 12, 5, 9), [1, 6]);
    const attentions = (encoder: BidirectionalEncoder) =>
      device.compute(() => {
        const trace = { attentions: [] as Tensor[] };
        encoder.forward({ ids: tensor(ids) }, inference, { trace });
        return trace.attentions;
      }) as Promise<HostTensor[]>;
    const [[sloped], [flat]] = [await attentions(model), await attentions(plain)];
    // The first layer's weights are those of plain BERT times exp(−slope · distance), made to sum to 1 again.
    const slopes = linearSlopes(4);
    for (let row = 0; row < 4 * 6; row++) {
      const [slope, query] = [slopes[Math.floor(row / 6)]!, row % 6];
      const expected = [0, 1, 2, 3, 4, 5].map((key) => flat!.data[row * 6 + key]! * Math.exp(-slope * Math.abs(query - key)));
      const sum = expected.reduce((a, b) => a + b);
      for (const [key, weight] of expected.entries()) expect(sloped!.data[row * 6 + key]).toBeCloseTo(weight / sum, 9);
    }
  });

  test("goes through a folder under a name of its own, and a new head takes it over", async () => {
    const folder = await mkdtemp(join(tmpdir(), "dl-alibi-"));
    try {
      using model = new MaskedLanguageModel({ ...options, alibi: true, rng });
      expect(model.toConfig()).toMatchObject({ model_type: "bert_alibi", architectures: ["BertAlibiForMaskedLM"] });
      await saveFolder(folder, model);
      using again = await loadFolder(folder, MaskedLanguageModel);
      expect(await readState(again)).toEqual(await readState(model));
      expect(again.encoder.options).toEqual(model.encoder.options);
      using classifier = await loadFolder(folder, SequenceClassifier, {
        ...{ strict: false, rng, config: { id2label: { 0: "no", 1: "yes" } } },
      });
      expect(classifier.encoder.options.alibi).toBe(true);
      expect(await classifier.encoder.tokens.weight.read()).toEqual(await model.encoder.tokens.weight.read());
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("judges a text by the mean of its tokens, padding apart", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    using model = new SequenceClassifier({ ...options, alibi: true, labels: ["no", "yes"], rng });
    const int32 = (values: number[][]) => tensor(values, { dtype: "int32" });
    const found = (await device.compute(() => {
      const padded = model.forward({ ids: int32([[5, 6, 7, 0, 0]]), mask: tensor([[1, 1, 1, 0, 0]], { dtype: "bool" }) }, inference);
      const text = int32([[5, 6, 7]]);
      const whole = model.encoder.forward({ ids: text }, inference).mean(1);
      return [padded, model.forward({ ids: text }, inference), model.output.forward(tanh(model.dense.forward(whole)))];
    })) as HostTensor[];
    const [padded, bare, byHand] = found.map(({ data }) => [...data]);
    for (const [i, logit] of padded!.entries()) {
      expect(logit).toBeCloseTo(bare![i]!, 5);
      expect(logit).toBeCloseTo(byHand![i]!, 5);
    }
  });

  test("is of no other family", () => {
    expect(() => new MaskedLanguageModel({ ...options, alibi: true, family: roberta, rng })).toThrow(
      "Roberta: expected positions after padding and alibi false, got from zero and true",
    );
    expect(() => new TokenClassifier({ ...options, labels: ["a"], family: bertAlibi, rng })).toThrow(
      "BertAlibi: expected alibi true, got false",
    );
  });
});
