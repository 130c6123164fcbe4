import { cpu } from "@dl/backend-cpu";
import { OptionError, openDevice, Rng, tensor } from "@dl/core";
import { inference, training } from "@dl/nn";
import { expect, test } from "vitest";
import { ModelConfig } from "../huggingface/config.ts";
import { distilBert } from "../models/distilbert.ts";
import { QuestionAnswerer } from "./question-answerer.ts";

const sizes = { vocabulary: 20, context: 8, size: 8, layers: 1, heads: 2 };

test("DistilBERT's rate before the span is read, applied in training alone, and written", async () => {
  const fields = { vocab_size: 20, max_position_embeddings: 8, dim: 8, n_layers: 1, n_heads: 2, dropout: 0, attention_dropout: 0 };
  const read = (more: object): QuestionAnswerer =>
    QuestionAnswerer.fromConfig(new ModelConfig({ model_type: "distilbert", ...fields, ...more }), { rng: new Rng(1) });
  using usual = read({});
  expect(usual.toConfig().qa_dropout).toBe(0.1);
  using model = read({ qa_dropout: 0.6 });
  expect(model.toConfig()).toMatchObject({ qa_dropout: 0.6, dropout: 0 });
  await using device = await openDevice(cpu());
  const start = (mode: Parameters<QuestionAnswerer["forward"]>[1]) =>
    device.compute(() => model.forward({ ids: tensor([[1, 2, 3]], { dtype: "int32" }) }, mode).start);
  const [still, dropped] = [await start(inference), await start(training(new Rng(2)))];
  expect(await start(inference)).toEqual(still);
  // The encoder drops nothing: the difference is the head's.
  expect(dropped).not.toEqual(still);
});

test("the other families have none there: a rate that their files could not hold is refused", () => {
  using model = new QuestionAnswerer({ ...sizes, rng: new Rng(1) });
  expect(model.headDropout).toBe(0);
  expect(() => new QuestionAnswerer({ ...sizes, headDropout: 0.1, rng: new Rng(1) })).toThrow(OptionError);
  using distilled = new QuestionAnswerer({ ...sizes, segments: 0, family: distilBert, headDropout: 0.3, rng: new Rng(1) });
  expect(distilled.toConfig().qa_dropout).toBe(0.3);
});
