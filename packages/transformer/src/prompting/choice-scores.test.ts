import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng, tensor } from "@dl/core";
import { inference } from "@dl/nn";
import { expect, test } from "vitest";
import { Gpt2, nanoGptShakespeare } from "../models/gpt2.ts";
import { T5 } from "../models/t5.ts";
import { calibrated, fillPrompt, scoreChoices } from "./choice-scores.ts";

test("choices less likely than the smallest number are calibrated, too", () => {
  const row = (...values: number[]) => hostTensor(Float32Array.from(values), [1, values.length]);
  const { data } = calibrated(row(-2000, -10), row(-2000 - Math.log(3), -10));
  expect(data[0]).toBeCloseTo(0.75, 3); // float32 has −2000 to 1e-4
  expect(data[1]).toBeCloseTo(0.25, 3);
});

test("a prompt is filled in by name, solved examples first; a name without a value is an error", () => {
  const template = { example: "{word} is {label}", question: "{word} is" };
  expect(fillPrompt(template, { word: "good" }, { shots: [{ word: "bad", label: "negative" }] })).toBe("bad is negative\n\ngood is");
  expect(fillPrompt(template, { word: "a {label}" })).toBe("a {label} is");
  expect(() => fillPrompt(template, {})).toThrow(/expected a value for \{word\}/);
});

test("a choice's score is the sum of the logarithms of its tokens' probabilities, one prompt and choice at a time", async () => {
  await using device = await openDevice(cpu());
  using model = new Gpt2({
    ...nanoGptShakespeare,
    vocabulary: 12,
    context: 10,
    size: 16,
    layers: 1,
    heads: 2,
    deviation: 0.5,
    rng: new Rng(4),
  });
  const prompts = [
    [1, 2, 3],
    [4, 5],
  ];
  const choices = [[6], [7, 8, 9]];
  const scores = await scoreChoices(model, { prompts, choices }, { device });
  for (const [row, prompt] of prompts.entries()) {
    for (const [k, choice] of choices.entries()) {
      const ids = [...prompt, ...choice];
      const logits = await device.compute(() => model.forward({ ids: tensor([ids], { dtype: "int32" }) }, inference));
      const expected = choice.reduce((sum, id, i) => {
        const at = prompt.length - 1 + i;
        const own = Array.from(logits.data.slice(at * 12, (at + 1) * 12));
        return sum + own[id]! - Math.log(own.reduce((total, value) => total + Math.exp(value), 0));
      }, 0);
      expect(scores.data[row * 2 + k]).toBeCloseTo(expected, 4);
    }
  }
  const perToken = await scoreChoices(model, { prompts, choices }, { device, perToken: true });
  expect(perToken.data[1]).toBeCloseTo(scores.data[1]! / 3, 5);
  await expect(scoreChoices(model, { prompts: [[]], choices }, { device })).rejects.toThrow(/at least one token each/);
  await expect(scoreChoices(model, { prompts: [[1, 2, 3, 4, 5, 6, 7, 8]], choices }, { device })).rejects.toThrow(
    /at most 10 tokens, got 11/,
  );
  await expect(scoreChoices(model, { prompts: [[99]], choices }, { device })).rejects.toThrow(/token ids below 12/);
});

test("an encoder–decoder reads the prompt and writes the choice: T5, one choice at a time", async () => {
  await using device = await openDevice(cpu());
  using model = new T5({ vocabulary: 12, size: 16, layers: 1, heads: 2, hidden: 32, rng: new Rng(5) });
  const prompts = [
    [1, 2, 3],
    [4, 5],
  ];
  const choices = [[6], [7, 8, 9], [10, 1]];
  const scores = await scoreChoices(model, { prompts, choices }, { device });
  for (const [row, prompt] of prompts.entries()) {
    for (const [k, choice] of choices.entries()) {
      const logits = await device.compute(() => {
        const source = { ids: tensor([prompt], { dtype: "int32" }) };
        const target = { ids: tensor([[model.startId, ...choice.slice(0, -1)]], { dtype: "int32" }) };
        return model.forward({ source, target }, inference);
      });
      const expected = choice.reduce((sum, id, i) => {
        const own = Array.from(logits.data.slice(i * 12, (i + 1) * 12));
        return sum + own[id]! - Math.log(own.reduce((total, value) => total + Math.exp(value), 0));
      }, 0);
      expect(scores.data[row * 3 + k]).toBeCloseTo(expected, 4);
    }
  }
});

test("calibration, by hand: an answer that is liked three times as much for nothing must be three times as likely", () => {
  const log = (...values: number[]) => hostTensor(Float32Array.from(values, Math.log), [values.length / 2, 2]);
  const { data } = calibrated(log(0.6, 0.4, 0.75, 0.25), log(0.75, 0.25));
  for (const [i, expected] of [1 / 3, 2 / 3, 1 / 2, 1 / 2].entries()) expect(data[i]).toBeCloseTo(expected, 6);
  // Probabilities of several empty prompts are averaged: (0.9 + 0.5) / 2 = 0.7.
  expect(calibrated(log(0.7, 0.3), log(0.9, 0.1, 0.5, 0.5)).data[0]).toBeCloseTo(0.5, 6);
  expect(() => calibrated(log(0.5, 0.5), hostTensor(new Float32Array(3), [1, 3]))).toThrow(/of the same choices/);
});
