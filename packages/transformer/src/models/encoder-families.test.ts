import { OptionError, Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import { MaskedLanguageModel } from "../heads/masked-language-model.ts";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import { ModelConfig } from "../huggingface/config.ts";
import { bert, bertAlibi, bertTiny } from "./bert.ts";
import { distilBert, distilBertBase } from "./distilbert.ts";
import { chosenFamily } from "./encoder-families.ts";
import type { EncoderPreset } from "./encoder-options.ts";
import { roberta, robertaBase } from "./roberta.ts";

const rng = new Rng(1);
const small = { vocabulary: 20, context: 12, size: 8, layers: 1, heads: 2 };

describe("the family follows from the form", () => {
  test.each([
    ["bert", bertTiny, bert],
    ["alibi", { ...bertTiny, alibi: true }, bertAlibi],
    ["robertaBase", robertaBase, roberta],
    ["distilBertBase", distilBertBase, distilBert],
  ] as const)("%s", (_, preset, family) => {
    expect(chosenFamily(preset)).toBe(family);
    const options = { ...preset, ...small, labels: ["no", "yes"], rng };
    using model = new SequenceClassifier(options);
    // What a folder says is what it was made with, and the head is that family's.
    const config = new ModelConfig(model.toConfig());
    using again = SequenceClassifier.fromConfig(config, { rng });
    expect(again.encoder.options).toEqual(model.encoder.options);
    expect(again.family).toBe(family);
    expect([...again.state()].map(([path, { shape }]) => [path, shape])).toEqual(
      [...model.state()].map(([path, { shape }]) => [path, shape]),
    );
  });
});

describe("what the family's file cannot say is refused when the model is made", () => {
  test.each<[string, EncoderPreset, typeof bert | undefined, RegExp]>([
    ["RoBERTa's positions in BERT", robertaBase, bert, /Bert: expected positions from zero, got after padding/],
    ["BERT's positions in RoBERTa", bertTiny, roberta, /Roberta: expected positions after padding, got from zero/],
    ["no segments in BERT", distilBertBase, bert, /Bert: expected "type_vocab_size" to be a whole number of at least 1, got 0/],
    ["segments in DistilBERT", bertTiny, distilBert, /DistilBert: expected segments 0, got 2/],
    ["another epsilon in DistilBERT", { ...distilBertBase, epsilon: 1e-5 }, distilBert, /DistilBert: expected epsilon 1e-12, got 0\.00001/],
    ["the same, by its form", { ...distilBertBase, epsilon: 1e-5 }, undefined, /DistilBert: expected epsilon/],
    ["ALiBi in RoBERTa", { ...robertaBase, alibi: true }, roberta, /Roberta: expected alibi false, got true/],
  ])("%s", (_, preset, family, message) => {
    const make = () => new MaskedLanguageModel({ ...preset, ...small, ...(family && { family }), rng });
    expect(make).toThrow(message);
    expect(make).toThrow(OptionError);
  });
});
