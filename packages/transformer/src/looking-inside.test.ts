import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng, type Scalar, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { AdamW, crossEntropy, inference, loadState, type Module, readState, training } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { attentionRollout, logitLens } from "./attention-maps.ts";
import { attentionPage } from "./attention-page.ts";
import { MaskedLanguageModel } from "./heads/masked-language-model.ts";
import { QuestionAnswerer } from "./heads/question-answerer.ts";
import { markEntities, RelationClassifier } from "./heads/relation-classifier.ts";
import { SequenceClassifier } from "./heads/sequence-classifier.ts";
import { TokenClassifier } from "./heads/token-classifier.ts";
import { layerGroups } from "./layer-decay.ts";
import { logitLensPage } from "./logit-lens-page.ts";
import { causalLoss, tokenLoss } from "./losses.ts";
import { bertTiny } from "./models/bert.ts";
import { Clip } from "./models/clip.ts";
import { CompactTransformer } from "./models/compact-transformer.ts";
import { EncoderDecoder } from "./models/encoder-decoder.ts";
import { Gpt2, nanoGptShakespeare } from "./models/gpt2.ts";
import { Llama } from "./models/llama.ts";
import { T5 } from "./models/t5.ts";
import { ViT } from "./models/vit.ts";

const rng = new Rng(2);
const ids = hostTensor(
  Int32Array.from({ length: 64 }, (_, i) => (i * 5) % 61),
  [2, 32],
);

describe("attention", () => {
  test("rollout by hand: one layer of uniform attention over two tokens is half itself, half a quarter each", () => {
    const uniform = hostTensor(Float32Array.of(0.5, 0.5, 0.5, 0.5), [1, 1, 2, 2]);
    expect([...attentionRollout([uniform]).data]).toEqual([0.75, 0.25, 0.25, 0.75]);
    expect([...attentionRollout([uniform, uniform]).data]).toEqual([0.625, 0.375, 0.375, 0.625]);
  });

  test("of a model: rows sum to 1, the future counts for nothing, and the page names every head", async () => {
    await using device = await openDevice(cpu());
    using model = new Gpt2({ ...nanoGptShakespeare, size: 32, layers: 2, deviation: 0.3, rng });
    const { attentions, lens, logits } = await device.compute(() => {
      const trace = { attentions: [] as Tensor[], hiddenStates: [] as Tensor[] };
      const logits = model.forward({ ids: tensor(ids) }, inference, { trace });
      return { attentions: trace.attentions, lens: logitLens(model, trace.hiddenStates), logits };
    });
    const { data } = attentionRollout(attentions);
    for (let row = 0; row < 2 * 32; row++) {
      const weights = Array.from(data.slice(row * 32, (row + 1) * 32));
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
      expect(weights.slice((row % 32) + 1).every((weight) => weight === 0)).toBe(true);
    }
    expect(lens).toHaveLength(3);
    expect(lens.at(-1)).toEqual(logits);
    const tokens = Array.from({ length: 32 }, (_, i) => (i === 3 ? "<b>" : `t${i}`));
    const page = attentionPage({ attentions, tokens });
    expect(page).toContain("layer 2, head 4");
    expect(page).not.toContain("<b>");
    expect(() => attentionPage({ attentions, tokens: ["a"] })).toThrow(/expected 32 tokens/);
    expect(() => attentionRollout([])).toThrow(/attention of each layer/);
    const words = logitLensPage({ lens, tokens, textOf: (id) => (id === 7 ? "<i>" : `w${id}`) });
    const best = Array.from({ length: 32 }, (_, place) => {
      const row = Array.from(logits.data.slice(place * 65, (place + 1) * 65));
      return row.indexOf(Math.max(...row));
    });
    const [top] = words.split("<tbody>")[1]!.split("</tr>");
    expect([...top!.matchAll(/>([^<]+)<\/td>/g)].map(([, text]) => text)).toEqual(best.map((id) => (id === 7 ? "&#60;i&#62;" : `w${id}`)));
    expect(words).toContain("<th>layer 1</th>");
    expect(() => logitLensPage({ lens, tokens: ["a"], textOf: String })).toThrow(/expected 32 tokens/);
    expect(() => logitLensPage({ lens: [], tokens, textOf: String })).toThrow(/logits of each layer/);
  });

  test("of an encoder's head: the lens of a layer is what a model that ends there says", async () => {
    await using device = await openDevice(cpu());
    const options = { vocabulary: 21, context: 12, size: 16, heads: 2, dropout: 0, deviation: 0.4 };
    using model = new MaskedLanguageModel({ ...options, layers: 2, rng });
    // Norms that do something: those of the head and of the blocks differ.
    const weights = new Map(
      [...(await readState(model))].map(([path, { data, shape }]) => {
        const moved = Float32Array.from(data, (value, i) => (/orm\./.test(path) ? value + Math.sin(i) : value));
        return [path, hostTensor(moved, shape)];
      }),
    );
    loadState(model, weights);
    const words = hostTensor(Int32Array.of(3, 9, 14, 2, 20, 7), [2, 3]);
    const lens = await device.compute(() => {
      const trace = { hiddenStates: [] as Tensor[] };
      model.forward({ ids: tensor(words) }, inference, { trace });
      return logitLens(model, trace.hiddenStates);
    });
    expect(lens).toHaveLength(3);
    for (const layers of [1, 2]) {
      using shorter = new MaskedLanguageModel({ ...options, layers, rng });
      loadState(shorter, weights, { strict: false });
      const logits = await device.compute(() => shorter.forward({ ids: tensor(words) }, inference));
      expect(lens[layers]).toEqual(logits);
    }
  });

  test("to another text: rows and columns have tokens of their own, and there is no rollout", () => {
    const cross = hostTensor(Float32Array.of(0.1, 0.2, 0.7, 0.3, 0.3, 0.4), [1, 1, 2, 3]);
    const page = attentionPage({ attentions: [cross], tokens: ["x", "y"], keys: ["a", "b", "c"] });
    expect([...page.matchAll(/<title>([^<]*→[^<]*)<\/title>/g)].map(([, note]) => note)).toEqual([
      ...["x → a: 0.100", "x → b: 0.200", "x → c: 0.700"],
      ...["y → a: 0.300", "y → b: 0.300", "y → c: 0.400"],
    ]);
    expect(page).toContain('viewBox="0 0 36 24"');
    expect(page).not.toContain("rollout");
    expect(() => attentionPage({ attentions: [cross], tokens: ["x", "y"] })).toThrow(/expected 3 keys, as in the attention, got 2/);
  });
});

test("recomputing gives the same gradients with less memory at the peak", async () => {
  const peaks: number[] = [];
  const gradients: number[][] = [];
  for (const recompute of [false, true]) {
    await using device = await openDevice(cpu());
    using model = new Gpt2({ ...nanoGptShakespeare, size: 64, layers: 6, dropout: 0.1, rng: rng.fork("model") });
    const parameters = model.parameters();
    const grads = await device.compute(() => {
      const mode = training(rng.fork("dropout"));
      const { grads } = valueAndGrad(() => causalLoss(model.forward({ ids: tensor(ids) }, mode, { recompute }), tensor(ids)), parameters);
      return parameters.map((parameter) => grads.get(parameter)!);
    });
    gradients.push(grads.flatMap(({ data }) => Array.from(data)));
    peaks.push(device.memory().peakBytes);
  }
  expect(gradients[1]).toEqual(gradients[0]);
  expect(peaks[1]).toBeLessThan(0.6 * peaks[0]!);
});

describe("recomputing, in every other model with blocks: the same gradients with less memory at the peak", () => {
  const wide = { size: 32, layers: 4, heads: 2, hidden: 128 };
  const models = {
    T5: () => {
      const model = new T5({ ...wide, vocabulary: 65, headSize: 16, rng: rng.fork("t5") });
      return { model, loss: (options) => tokenLoss(model.forward(texts(), training(rng.fork("drop")), options), tensor(ids)) };
    },
    EncoderDecoder: () => {
      const model = new EncoderDecoder({ ...wide, vocabulary: 65, context: 32, rng: rng.fork("translator") });
      return { model, loss: (options) => tokenLoss(model.forward(texts(), training(rng.fork("drop")), options), tensor(ids)) };
    },
    ViT: () => {
      const model = new ViT({ ...wide, imageSize: 24, patchSize: 4, labels: ["a", "b"], dropout: 0.1, rng: rng.fork("vit") });
      return {
        model,
        loss: (options) => crossEntropy(model.forward(pictures(), training(rng.fork("drop")), options), tensor(Int32Array.of(0, 1))),
      };
    },
    CompactTransformer: () => {
      const model = new CompactTransformer({ ...wide, stem: [], imageSize: 24, classes: 2, dropout: 0.1, rng: rng.fork("compact") });
      return {
        model,
        loss: (options) => crossEntropy(model.forward(pictures(), training(rng.fork("drop")), options), tensor(Int32Array.of(0, 1))),
      };
    },
    Clip: () => {
      const text = { ...wide, vocabulary: 65, context: 32, endId: 60 };
      const model = new Clip({ projection: 8, text, vision: { ...wide, imageSize: 24, patchSize: 4 }, rng: rng.fork("clip") });
      return {
        model,
        loss: (options) => model.loss(model.forward({ texts: { ids: tensor(ids) }, images: pictures() }, training(rng), options).logits),
      };
    },
    Llama: () => {
      const model = new Llama({ ...wide, vocabulary: 65, context: 32, keyHeads: 1, rng: rng.fork("llama") });
      return {
        model,
        loss: (options) => causalLoss(model.forward({ ids: tensor(ids) }, training(rng.fork("drop")), options), tensor(ids)),
      };
    },
    MaskedLanguageModel: () => {
      const model = new MaskedLanguageModel({ ...encoder, rng: rng.fork("masked") });
      return { model, loss: (options) => tokenLoss(model.forward(input(), training(rng.fork("drop")), options), tensor(ids)) };
    },
    SequenceClassifier: () => {
      const model = new SequenceClassifier({ ...encoder, labels: ["a", "b"], rng: rng.fork("texts") });
      return {
        model,
        loss: (options) => model.loss(model.forward(input(), training(rng.fork("drop")), options), tensor(Int32Array.of(0, 1))),
      };
    },
    TokenClassifier: () => {
      const model = new TokenClassifier({ ...encoder, alibi: true, labels: ["a", "b"], rng: rng.fork("words") });
      return { model, loss: (options) => meanSquare(model.forward(input(), training(rng.fork("drop")), options)) };
    },
    QuestionAnswerer: () => {
      const model = new QuestionAnswerer({ ...encoder, rng: rng.fork("answers") });
      return { model, loss: (options) => meanSquare(model.forward(input(), training(rng.fork("drop")), options).start) };
    },
    RelationClassifier: () => {
      const model = new RelationClassifier({ ...encoder, labels: ["a", "b"], rng: rng.fork("relations") });
      const places = () => ({ first: tensor(Int32Array.of(1, 2)), second: tensor(Int32Array.of(4, 5)) });
      return {
        model,
        loss: (options) => meanSquare(model.forward({ ...input(), ...places() }, training(rng.fork("drop")), options)),
      };
    },
  } satisfies Record<string, () => { model: Module; loss: (options: { recompute: boolean }) => Scalar }>;
  const encoder = { ...wide, vocabulary: 65, context: 32 };
  const input = () => ({ ids: tensor(ids) });
  const meanSquare = (x: Tensor): Scalar => x.square().mean();
  const texts = () => ({ source: { ids: tensor(ids) }, target: { ids: tensor(ids) } });
  const pictures = (): Tensor => tensor(rng.fork("pictures").normal([2, 24, 24, 3]));

  test.each(Object.entries(models))("%s", async (_, make) => {
    const peaks: number[] = [];
    const gradients: number[][] = [];
    for (const recompute of [false, true]) {
      await using device = await openDevice(cpu());
      const { model, loss } = make();
      using _model = model;
      const parameters = model.parameters();
      const grads = await device.compute(() => {
        const { grads } = valueAndGrad(() => loss({ recompute }), parameters);
        return parameters.map((parameter) => grads.get(parameter)!);
      });
      gradients.push(grads.flatMap((each) => (typeof each === "number" ? [each] : Array.from(each.data))));
      peaks.push(device.memory().peakBytes);
    }
    expect(gradients[1]).toEqual(gradients[0]);
    expect(peaks[1]).toBeLessThan(0.75 * peaks[0]!);
  });
});

describe("layer-wise learning rates", () => {
  test("fall from the head down, block by block; vectors do not decay; frozen blocks are left out", () => {
    using model = new SequenceClassifier({ ...bertTiny, vocabulary: 50, size: 16, labels: ["no", "yes"], rng });
    const groups = layerGroups(model, { learningRate: 1, decay: 0.5, weightDecay: 0.1 });
    const rateOf = (parameter: unknown): number =>
      groups.find(({ parameters }) => parameters.some((each) => each === parameter))!.learningRate;
    expect(rateOf(model.output.weight)).toBe(1);
    expect(rateOf(model.encoder.blocks[1]!.query.weight)).toBe(0.5);
    expect(rateOf(model.encoder.blocks[0]!.query.bias)).toBe(0.25);
    expect(rateOf(model.encoder.tokens.weight)).toBe(0.125);
    expect(groups.flatMap(({ parameters }) => parameters)).toHaveLength(model.parameters().length);
    for (const { parameters, weightDecay } of groups)
      for (const { shape } of parameters) expect(weightDecay).toBe(shape.length > 1 ? 0.1 : 0);
    const unfrozen = layerGroups(model, { learningRate: 1, frozenBlocks: 1 }).flatMap(({ parameters }) => parameters);
    expect(unfrozen).not.toContain(model.encoder.blocks[0]!.query.weight);
    expect(unfrozen).not.toContain(model.encoder.tokens.weight);
    expect(unfrozen).toContain(model.encoder.blocks[1]!.query.weight);
    using optimizer = new AdamW(groups, { learningRate: 1 });
    expect(new Set(optimizer.learningRates)).toEqual(new Set([1, 0.5, 0.25, 0.125]));
    expect(() => layerGroups(model, { learningRate: 1, decay: 0 })).toThrow(/decay above 0/);
    expect(() => layerGroups(model, { learningRate: 1, frozenBlocks: 3 })).toThrow(/frozenBlocks from 0 to 2/);
  });
});

describe("relations", () => {
  test("markers stand around both entities, in any order", () => {
    const words = ["Ada", "Lovelace", "met", "Bob"];
    expect(markEntities(words, { first: [3, 4], second: [0, 2] }).join(" ")).toBe("[E2] Ada Lovelace [/E2] met [E1] Bob [/E1]");
  });

  test("the answer depends on where the markers are", async () => {
    await using device = await openDevice(cpu());
    using model = new RelationClassifier({ ...bertTiny, vocabulary: 61, size: 16, deviation: 0.3, labels: ["none", "knows", "owns"], rng });
    const places = (values: number[]): Tensor => tensor(Int32Array.from(values));
    const [one, other] = await device.compute(() => [
      model.forward({ ids: tensor(ids), first: places([1, 2]), second: places([5, 6]) }, inference),
      model.forward({ ids: tensor(ids), first: places([1, 3]), second: places([5, 6]) }, inference),
    ]);
    expect(one!.shape).toEqual([2, 3]);
    expect([...one!.data.slice(0, 3)]).toEqual([...other!.data.slice(0, 3)]);
    expect([...one!.data.slice(3)]).not.toEqual([...other!.data.slice(3)]);
  });
});
