import { cpu } from "@dl/backend-cpu";
import { type Device, type HostTensor, hostTensor, OptionError, openDevice, Rng, tensor, UnsupportedError } from "@dl/core";
import { inference } from "@dl/nn";
import { expect, test } from "vitest";
import { generate } from "../generation/generate.ts";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import { ModelConfig } from "../huggingface/config.ts";
import { EncoderDecoder } from "../models/encoder-decoder.ts";
import { Gpt2, nanoGptShakespeare } from "../models/gpt2.ts";
import { Llama } from "../models/llama.ts";
import { T5 } from "../models/t5.ts";
import { loadAdapter, loadFolder } from "../node/index.ts";
import { expectNear, fixturePath, onDevice, readJson } from "../reference-fixture.ts";
import { loadPeft, peftFiles } from "./peft-files.ts";
import { PrefixTuning, PromptTuning } from "./soft-prompts.ts";

const rng = new Rng(6);
const sizes = { vocabulary: 40, size: 16, layers: 2, heads: 2, dropout: 0, rng };
const gpt2 = () => new Gpt2({ ...sizes, context: 40, deviation: 0.4, endId: 39 });
const llama = () => new Llama({ ...sizes, context: 40, hidden: 24, deviation: 0.4, endId: 39 });
const t5 = () => new T5({ ...sizes, headSize: 8, hidden: 24, deviation: 2, endId: 39 });
const bart = () => new EncoderDecoder({ ...sizes, context: 40, hidden: 24, deviation: 0.4, endId: 39 });

/** A prompt that says just what these tokens say. */
async function speaking(model: Gpt2 | Llama | T5 | EncoderDecoder, ids: readonly number[]): Promise<PromptTuning> {
  const prompt = new PromptTuning(model, { length: ids.length, rng });
  const { data, shape } = await model.tokens.weight.read();
  const size = shape[1]!;
  const rows = ids.flatMap((id) => Array.from(data.slice(id * size, (id + 1) * size)));
  prompt.prompt.load(hostTensor(Float32Array.from(rows), [ids.length, size]));
  return prompt;
}

const front = [11, 25, 3];
const texts = [[7, 30, 2, 9], [5], [14, 21]];

test.each([
  ["T5", t5],
  ["EncoderDecoder", bart],
])("%s reads a prompt in front of its source: one that holds tokens' vectors is those tokens", async (_, make) => {
  await onDevice(cpu(), async (device: Device) => {
    using model = make();
    using prompt = await speaking(model, front);
    const rows = (lists: readonly (readonly number[])[]) =>
      tensor({ data: Int32Array.from(lists.flat()), shape: [2, lists[0]!.length], dtype: "int32" });
    const mask = (lengths: readonly number[], time: number) =>
      tensor({
        data: Uint8Array.from({ length: 2 * time }, (_, i) => (i % time < lengths[Math.floor(i / time)]! ? 1 : 0)),
        shape: [2, time],
        dtype: "bool",
      });
    const written = [
      [0, 8],
      [0, 4],
    ];
    const sources = [
      [7, 30, 2, 9],
      [5, 6, 0, 0],
    ];
    const run = (work: () => ReturnType<T5["forward"]>): Promise<HostTensor> => device.compute(work) as Promise<HostTensor>;
    const soft = await run(() => {
      const source = prompt.forward({ ids: rows(sources), mask: mask([4, 2], 4) });
      return model.forward({ source, target: { ids: rows(written) } }, inference);
    });
    const hard = await run(() => {
      const source = { ids: rows(sources.map((ids) => [...front, ...ids])), mask: mask([7, 5], 7) };
      return model.forward({ source, target: { ids: rows(written) } }, inference);
    });
    const bare = await run(() => {
      const source = { ids: rows(sources), mask: mask([4, 2], 4) };
      return model.forward({ source, target: { ids: rows(written) } }, inference);
    });
    expectNear(soft, hard, { bound: [1e-6, 1e-6], what: "logits" });
    expect(soft).not.toEqual(bare);
  });
});

test.each([
  ["Gpt2", gpt2],
  ["Llama", llama],
  ["T5", t5],
  ["EncoderDecoder", bart],
])("%s writes behind a prompt as behind the tokens it holds, texts of different lengths together, greedy and by beams", async (_, make) => {
  await onDevice(cpu(), async (device) => {
    using model = make();
    using softPrompt = await speaking(model, front);
    const said = texts.map((ids) => [...front, ...ids]);
    for (const beam of [undefined, { beams: 3, sequences: 2 }]) {
      const options = { device, newTokens: 6, ...(beam && { beam }) };
      const wanted = await generate(model, said, options);
      const got = await generate(model, texts, { ...options, softPrompt });
      expect(got.map(({ ids }) => ids)).toEqual(wanted.map(({ ids }) => ids));
      expect(got.map(({ ids }) => ids)).not.toEqual((await generate(model, texts, options)).map(({ ids }) => ids));
    }
  });
});

test.each([
  ["Gpt2", gpt2],
  ["Llama", llama],
])("%s writes behind a prefix what its pass with the prefix says, texts of different lengths together", async (_, make) => {
  await onDevice(cpu(), async (device) => {
    using model = make();
    using softPrompt = new PrefixTuning(model, { length: 4, deviation: 1, rng });
    const got = await generate(model, texts, { device, newTokens: 5, softPrompt });
    for (const [row, text] of texts.entries()) {
      const written: number[] = [];
      while (written.length < got[row]!.ids.length) {
        const ids = Int32Array.from([...text, ...written]);
        const logits = await device.compute(() => {
          const input = softPrompt.input({ ids: tensor({ data: ids, shape: [1, ids.length], dtype: "int32" }) });
          return model.forward(input, inference, { cache: softPrompt.forward(1) });
        });
        const last = Array.from(logits.data.slice(-40));
        written.push(last.indexOf(Math.max(...last)));
      }
      expect(got[row]!.ids, `text ${row}`).toEqual(written);
    }
    expect(got).not.toEqual(await generate(model, texts, { device, newTokens: 5 }));
  });
});

test.each(["prompt", "prefix", "prefix_projection"])("a model with PEFT's %s writes what it writes in transformers", async (name) => {
  await onDevice(cpu({ precision: "float64" }), async (device) => {
    const folder = fixturePath(`peft/${name}`);
    using model = await loadFolder(`${folder}/base`, Gpt2);
    using softPrompt = (await loadAdapter(`${folder}/adapter`, model)) as PromptTuning | PrefixTuning;
    const { input_ids, greedy, beams3 } = readJson<Record<"input_ids" | "greedy" | "beams3", number[][]>>(`peft/${name}/generate.json`);
    const options = { device, newTokens: 8, endIds: [], softPrompt };
    expect((await generate(model, input_ids, options)).map(({ ids }) => ids)).toEqual(greedy);
    expect((await generate(model, input_ids, { ...options, beam: { beams: 3 } })).map(({ ids }) => ids)).toEqual(beams3);
  });
});

test("a prompt that does not belong, or leaves no room, is refused", async () => {
  await using device = await openDevice(cpu());
  using model = gpt2();
  using other = gpt2();
  using wider = new Gpt2({ ...nanoGptShakespeare, layers: 1, rng });
  const write = (softPrompt: PromptTuning | PrefixTuning) => generate(model, [[1, 2]], { device, newTokens: 8, softPrompt });
  await expect(write(new PromptTuning(other, { length: 2, rng }))).rejects.toThrow(/expected a prompt on the model's own tokens/);
  await expect(write(new PrefixTuning(wider, { length: 2, rng }))).rejects.toThrow(OptionError);
  await expect(write(new PromptTuning(model, { length: 31, rng }))).rejects.toThrow(
    /context of 40, got 2 and 8 behind 31 of a soft prompt/,
  );
  await expect(write(new PrefixTuning(model, { length: 31, rng }))).rejects.toThrow(
    /context of 40, got 2 and 8 behind 31 of a soft prompt/,
  );
  using translator = t5();
  const prefix = new PrefixTuning(translator, { length: 2, rng });
  await expect(generate(translator, [[1]], { device, newTokens: 2, softPrompt: prefix })).rejects.toThrow(
    /expected PromptTuning for an encoder–decoder, got PrefixTuning/,
  );
});

test("PEFT's prompts of a classifier, which come with its head, are refused by name", async () => {
  using model = new SequenceClassifier({ ...sizes, context: 20, labels: ["no", "yes"] });
  const config = new ModelConfig({ peft_type: "PROMPT_TUNING", task_type: "SEQ_CLS", num_virtual_tokens: 2 });
  await expect(loadPeft(model, { config, tensors: new Map() }, { rng })).rejects.toThrow(
    /expected a decoder for .*, got SequenceClassifier/,
  );
});

test("prompts of encoder–decoders are not PEFT's, which stand before both texts: neither read nor written", async () => {
  using model = t5();
  for (const peft_type of ["PROMPT_TUNING", "PREFIX_TUNING"]) {
    const config = new ModelConfig({ peft_type, num_virtual_tokens: 2 });
    await expect(loadPeft(model, { config, tensors: new Map() }, { rng })).rejects.toThrow(/expected a decoder for .*, got T5/);
  }
  for (const prompt of [new PromptTuning(model, { length: 2, rng }), new PrefixTuning(model, { length: 2, rng })]) {
    await expect(peftFiles(prompt)).rejects.toThrow(UnsupportedError);
  }
});
