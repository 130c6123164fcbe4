import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostTensor, hostTensor, Rng } from "@dl/core";
import { fromStored, readState } from "@dl/nn";
import { loadSafetensors, saveSafetensors } from "@dl/nn/node";
import { afterAll, describe, expect, test } from "vitest";
import { MaskedLanguageModel } from "../heads/masked-language-model.ts";
import { QuestionAnswerer } from "../heads/question-answerer.ts";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import { TokenClassifier } from "../heads/token-classifier.ts";
import { ModelConfig } from "../huggingface/config.ts";
import type { Pretrained, PretrainedClass } from "../huggingface/pretrained.ts";
import { loadHuggingFaceState } from "../huggingface/weights.ts";
import { Clip } from "../models/clip.ts";
import { EncoderDecoder } from "../models/encoder-decoder.ts";
import { Gpt2 } from "../models/gpt2.ts";
import { Llama } from "../models/llama.ts";
import { T5 } from "../models/t5.ts";
import { ViT } from "../models/vit.ts";
import { fixturePath } from "../reference-fixture.ts";
import { loadFolder, readConfig } from "./folder.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-other-files-"));
afterAll(() => rmSync(scratch, { recursive: true }));

type Tensors = Map<string, HostTensor>;

/** A copy of a fixture whose weights were changed. */
async function changed(name: string, change: (tensors: Tensors) => void): Promise<string> {
  const folder = mkdtempSync(join(scratch, `${name}-`));
  cpSync(fixturePath(name), folder, { recursive: true });
  const path = join(folder, "model.safetensors");
  const tensors = new Map([...(await loadSafetensors(path))].map(([key, tensor]) => [key, fromStored(tensor, { name: key })]));
  change(tensors);
  await saveSafetensors(path, tensors);
  return folder;
}

const some = (...shape: number[]): HostTensor => hostTensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5), shape);

function renamed(tensors: Tensors, rename: (name: string) => string): void {
  for (const [name, tensor] of [...tensors]) {
    tensors.delete(name);
    tensors.set(rename(name), tensor);
  }
}

describe("a file with what transformers leaves out on loading gives the same model", () => {
  const old = (name: string): string => name.replace(/LayerNorm\.weight$/, "LayerNorm.gamma").replace(/LayerNorm\.bias$/, "LayerNorm.beta");
  const pooler = (prefix: string): readonly string[] => [`${prefix}pooler.dense.weight`, `${prefix}pooler.dense.bias`];
  const pretraining = ["cls.seq_relationship.weight", "cls.seq_relationship.bias"];

  test.each<[string, more: readonly string[], kind: PretrainedClass<Pretrained>, prefix: RegExp]>([
    ["bert_mlm", ["bert.embeddings.position_ids", ...pooler("bert."), ...pretraining], MaskedLanguageModel, /^bert\./],
    ["bert_mlm", ["embeddings.position_ids", ...pooler(""), ...pretraining], MaskedLanguageModel, /^bert\./],
    ["bert_seqcls", ["embeddings.position_ids"], SequenceClassifier, /^bert\./],
    ["bert_qa", ["embeddings.position_ids", ...pooler("")], QuestionAnswerer, /^bert\./],
    ["roberta_token", ["roberta.embeddings.position_ids", ...pooler("roberta.")], TokenClassifier, /^roberta\./],
    ["roberta_mlm", ["embeddings.position_ids", ...pooler("")], MaskedLanguageModel, /^roberta\./],
    ["distilbert_mlm", ["embeddings.position_ids"], MaskedLanguageModel, /^distilbert\./],
    ["gpt2", ["h.0.attn.bias", "h.1.attn.masked_bias"], Gpt2, /^transformer\./],
    ["gpt2", ["transformer.h.0.attn.bias", "transformer.h.1.attn.masked_bias"], Gpt2, /^transformer\./],
    ["llama", ["model.layers.0.self_attn.rotary_emb.inv_freq", "model.rotary_emb.inv_freq"], Llama, /^model\./],
    ["t5", ["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"], T5, /^$/],
    ["bart", ["encoder.version", "model.decoder.version"], EncoderDecoder, /^model\./],
    ["marian", ["model.encoder.embed_positions.weight", "decoder.embed_positions.weight", "encoder.version"], EncoderDecoder, /^model\./],
    ["vit", pooler("vit."), ViT, /^vit\./],
    ["vit", pooler(""), ViT, /^vit\./],
    ["clip", ["text_model.embeddings.position_ids", "vision_model.embeddings.position_ids"], Clip, /^$/],
  ])("%s with %s", async (name, more, kind, prefix) => {
    using model = await loadFolder(fixturePath(name), kind);
    const isBare = !more.some((each) => prefix.test(each));
    const folder = await changed(name, (tensors) => {
      renamed(tensors, (each) => old(isBare ? each.replace(prefix, "") : each));
      for (const each of more) tensors.set(each, some(2, 3));
    });
    using again = await loadFolder(folder, kind);
    expect(await readState(again)).toEqual(await readState(model));
  });

  test.each(["bart", "marian"])("%s without final_logits_bias, as the model below the head is saved: zeros", async (name) => {
    const folder = await changed(name, (tensors) => {
      renamed(tensors, (each) => each.replace("model.", ""));
      tensors.delete("final_logits_bias");
    });
    using model = await loadFolder(folder, EncoderDecoder);
    const { shape, data } = await model.bias.read();
    expect(shape).toEqual([1, model.options.vocabulary]);
    expect(data.every((value) => value === 0)).toBe(true);
    // Into a model that has another one, too.
    model.bias.load(some(...shape));
    loadHuggingFaceState(model, await loadSafetensors(join(folder, "model.safetensors")));
    expect((await model.bias.read()).data.every((value) => value === 0)).toBe(true);
  });

  test("what is of no model that transformers knows is named, as before", async () => {
    const folder = await changed("bert_mlm", (tensors) => void tensors.set("cls.relationship.weight", some(2)));
    await expect(loadFolder(folder, MaskedLanguageModel)).rejects.toThrow(/unexpected: cls\.relationship\.weight/);
    const bare = await changed("vit", (tensors) => {
      renamed(tensors, (each) => each.replace("vit.", ""));
      for (const name of [...tensors.keys()]) if (name.startsWith("classifier.")) tensors.delete(name);
      tensors.set("decoder.weight", some(2));
    });
    await expect(loadFolder(bare, ViT, { strict: false, rng: new Rng(1) })).rejects.toThrow(/unexpected: decoder\.weight/);
  });

  test("a bare ViTModel with its pooler takes a new head", async () => {
    using model = await loadFolder(fixturePath("vit"), ViT);
    const folder = await changed("vit", (tensors) => {
      renamed(tensors, (each) => each.replace("vit.", ""));
      for (const name of [...tensors.keys()]) if (name.startsWith("classifier.")) tensors.delete(name);
      for (const each of pooler("")) tensors.set(each, some(4, 4));
    });
    using again = await loadFolder(folder, ViT, {
      strict: false,
      rng: new Rng(1),
      config: { id2label: { 0: "one", 1: "two", 2: "three" } },
    });
    expect(again.options.labels).toEqual(["one", "two", "three"]);
    expect(await again.blocks[0]!.query.weight.read()).toEqual(await model.blocks[0]!.query.weight.read());
  });
});

describe("a head of another shape", () => {
  const config = { id2label: { 0: "a", 1: "b", 2: "c", 3: "d", 4: "e" } };
  const options = { replaceHead: true, rng: new Rng(1), config };

  test.each([true, false])("begins anew where it is asked for, and what fits is kept: strict %s", async (strict) => {
    const folder = fixturePath("bert_seqcls");
    using before = await loadFolder(folder, SequenceClassifier);
    expect(before.labels.length).not.toBe(5);
    await expect(loadFolder(folder, SequenceClassifier, { ...options, strict, replaceHead: false })).rejects.toThrow(
      /output\.bias: expected shape \[5\], got \[\d\]/,
    );
    await expect(loadFolder(folder, SequenceClassifier, { replaceHead: true, strict, config })).rejects.toThrow(
      /expected an rng for the tensors that are not there \(output\.weight, output\.bias\)/,
    );
    using model = await loadFolder(folder, SequenceClassifier, { ...options, strict });
    using fresh = SequenceClassifier.fromConfig(await readConfig(folder).then(({ values }) => new ModelConfig({ ...values, ...config })), {
      rng: new Rng(1),
    });
    expect(await readState(model.output)).toEqual(await readState(fresh.output));
    expect(await readState(model.dense)).toEqual(await readState(before.dense));
    expect(await readState(model.encoder)).toEqual(await readState(before.encoder));
  });

  test("is all that may be of another shape, or lacking", async () => {
    const narrower = { ...options, config: { ...config, intermediate_size: 8 } };
    await expect(loadFolder(fixturePath("bert_seqcls"), SequenceClassifier, narrower)).rejects.toThrow(
      /encoder\.blocks\.0\.expand\.weight: expected shape/,
    );
    const folder = await changed("bert_seqcls", (tensors) => {
      tensors.delete("bert.pooler.dense.bias");
      tensors.set("bert.other", some(2));
    });
    await expect(loadFolder(folder, SequenceClassifier, options)).rejects.toThrow(
      /but output\.bias, output\.weight, got others: missing: dense\.bias; unexpected: bert\.other/,
    );
  });
});
