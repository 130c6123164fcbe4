import { Rng } from "@dl/core";
import type { Module, Parameter } from "@dl/nn";
import { expect, test } from "vitest";
import { type LayerDecayOptions, layerGroups } from "./layer-decay.ts";
import { Clip } from "./models/clip.ts";
import { EncoderDecoder } from "./models/encoder-decoder.ts";
import { Gpt2 } from "./models/gpt2.ts";
import { T5 } from "./models/t5.ts";
import { Adapted } from "./tuning/adapter.ts";
import { Lora } from "./tuning/lora.ts";

const rng = new Rng(1);
const small = { vocabulary: 20, size: 8, layers: 2, decoderLayers: 3, heads: 2, hidden: 8 };

/** Powers of the decay, by path: how far below the head; nothing where it is frozen. */
function depths(model: Module, options: Partial<LayerDecayOptions> = {}): (path: string) => number | undefined {
  const groups = layerGroups(model, { learningRate: 1, decay: 0.5, ...options });
  const found = new Map<Parameter, number>();
  for (const { parameters, learningRate } of groups) {
    for (const parameter of parameters) {
      expect(found.has(parameter)).toBe(false);
      found.set(parameter, Math.log2(1 / learningRate));
    }
  }
  const named = model.namedParameters();
  return (path) => found.get(named.get(path) ?? expect.fail(`no ${path} among ${[...named.keys()].join(", ")}`));
}

test.each([
  ["EncoderDecoder", () => new EncoderDecoder({ ...small, context: 8, positions: "learned", embeddingNorm: true, rng }), "places"],
  ["T5", () => new T5({ ...small, tied: false, rng }), "distances"],
] as const)("%s: the decoder's blocks stand on the encoder's, and below both what goes into them", (_, make, places) => {
  using model = make();
  const depth = depths(model);
  const blocks = [...[0, 1].map((i) => `encoder.blocks.${i}`), ...[0, 1, 2].map((i) => `decoder.blocks.${i}`)];
  expect(blocks.map((block) => depth(`${block}.self.query.weight`))).toEqual([5, 4, 3, 2, 1]);
  for (const below of ["tokens", `encoder.${places}`, `decoder.${places}`]) expect(depth(`${below}.weight`), below).toBe(6);
  if (model instanceof T5) {
    expect(depth("output.weight")).toBe(0);
    expect(depth("decoder.norm.weight")).toBe(0);
    // It ends the encoder, on which all of the decoder stands.
    expect(depth("encoder.norm.weight")).toBe(4);
  }
  const frozen = depths(model, { frozenBlocks: 3 });
  for (const below of ["tokens", `encoder.${places}`, `decoder.${places}`]) expect(frozen(`${below}.weight`), below).toBeUndefined();
  expect(blocks.map((block) => frozen(`${block}.self.query.weight`))).toEqual([undefined, undefined, undefined, 2, 1]);
  expect(() => layerGroups(model, { learningRate: 1, frozenBlocks: 6 })).toThrow(/frozenBlocks from 0 to 5/);
});

test("Clip: each half falls from its own top, and its embeddings are below its blocks", () => {
  const text = { vocabulary: 20, context: 8, size: 8, layers: 2, heads: 2, endId: 19 };
  using model = new Clip({ projection: 4, text, vision: { size: 8, layers: 3, heads: 2, imageSize: 8, patchSize: 4 }, rng });
  const depth = depths(model);
  expect([0, 1].map((i) => depth(`text.blocks.${i}.query.weight`))).toEqual([2, 1]);
  expect([0, 1, 2].map((i) => depth(`vision.blocks.${i}.query.weight`))).toEqual([3, 2, 1]);
  expect(depth("text.tokens.weight")).toBe(3);
  for (const below of ["vision.embedding.patches.weight", "vision.embedding.whole", "vision.firstNorm.weight"])
    expect(depth(below)).toBe(4);
  for (const above of ["textProjection.weight", "visionProjection.weight", "text.norm.weight", "logitScale"]) expect(depth(above)).toBe(0);
  const frozen = depths(model, { frozenBlocks: 1 });
  for (const gone of [
    "text.tokens.weight",
    "vision.embedding.patches.weight",
    "vision.blocks.0.query.weight",
    "text.blocks.0.query.weight",
  ]) {
    expect(frozen(gone), gone).toBeUndefined();
  }
  expect(frozen("vision.blocks.1.query.weight")).toBe(2);
});

test("an adapter's parameters go as fast as the layer would that it stands on", () => {
  using model = new Gpt2({ vocabulary: 20, context: 8, size: 8, layers: 3, heads: 2, rng });
  using lora = new Lora(model, { targets: ["blocks.0.attention.project", "tokens"], rank: 2, alpha: 2, rng });
  const depth = depths(new Adapted(model, [lora]));
  expect(depth("model.blocks.0.attention.project.weight")).toBe(3);
  expect(depth("adapters.0.layers.blocks.0.attention.project.down")).toBe(3);
  expect(depth("model.tokens.weight")).toBe(4);
  expect(depth("adapters.0.layers.tokens.down")).toBe(4);
});
