import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointError, Rng, UnsupportedError } from "@dl/core";
import { readState } from "@dl/nn";
import { afterAll, describe, expect, test } from "vitest";
import { MaskedLanguageModel } from "../heads/masked-language-model.ts";
import { QuestionAnswerer } from "../heads/question-answerer.ts";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import { TokenClassifier } from "../heads/token-classifier.ts";
import type { Pretrained, PretrainedClass } from "../huggingface/pretrained.ts";
import { Clip } from "../models/clip.ts";
import { EncoderDecoder } from "../models/encoder-decoder.ts";
import { Gpt2 } from "../models/gpt2.ts";
import { Llama } from "../models/llama.ts";
import { T5 } from "../models/t5.ts";
import { ViT } from "../models/vit.ts";
import { fixturePath, readJson } from "../reference-fixture.ts";
import { loadFolder, saveFolder } from "./folder.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-transformer-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const models: Readonly<Record<string, PretrainedClass<Pretrained>>> = {
  gpt2: Gpt2,
  llama: Llama,
  llama3: Llama,
  bert_seqcls: SequenceClassifier,
  distilbert_seqcls: SequenceClassifier,
  roberta_multilabel: SequenceClassifier,
  bert_mlm: MaskedLanguageModel,
  roberta_mlm: MaskedLanguageModel,
  distilbert_mlm: MaskedLanguageModel,
  roberta_token: TokenClassifier,
  bert_qa: QuestionAnswerer,
  t5: T5,
  t5_gated: T5,
  bart: EncoderDecoder,
  marian: EncoderDecoder,
  vit: ViT,
  clip: Clip,
};

/** DL_PYTHON, where it has transformers; else only what needs no Python is tested. */
const python = [process.env.DL_PYTHON].find((candidate) => {
  const modules = 'import importlib.util as u; assert u.find_spec("transformers") and u.find_spec("torch")';
  return candidate !== undefined && spawnSync(candidate, ["-c", modules]).status === 0;
});

describe.each(Object.entries(models))("%s", (name, kind) => {
  test("saved and loaded again is the same, weight for weight, in one file or in shards", async () => {
    using model = await loadFolder(fixturePath(name), kind);
    const state = await readState(model);
    for (const maximumShardBytes of [5e9, 40_000]) {
      const folder = join(scratch, `${name}-${maximumShardBytes}`);
      await saveFolder(folder, model, { maximumShardBytes });
      expect(readdirSync(folder)).toContain(maximumShardBytes === 5e9 ? "model.safetensors" : "model.safetensors.index.json");
      using again = await loadFolder(folder, kind);
      expect(await readState(again)).toEqual(state);
      expect(again.toConfig()).toEqual(model.toConfig());
    }
  });

  test.runIf(python)(
    "is loaded by transformers, with the same loss",
    async () => {
      const folder = join(scratch, `${name}-python`);
      using model = await loadFolder(fixturePath(name), kind);
      await saveFolder(folder, model);
      const { cls, loss } = readJson<{ cls: string; loss: number }>(`${name}/meta.json`);
      const answer = execFileSync(python!, [fixturePath("load_folder.py"), cls, folder, fixturePath(`${name}/inputs.safetensors`)]);
      expect(Math.abs(Number(answer) - loss)).toBeLessThan(1e-4 * Math.abs(loss));
    },
    60_000,
  );
});

describe("a folder that is not right is refused, by name", () => {
  const copy = (name: string, to: string): string => {
    cpSync(fixturePath(name), join(scratch, to), { recursive: true });
    return join(scratch, to);
  };
  const change = (folder: string, changes: object): void => {
    const path = join(folder, "config.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
  };

  test("one that is not there, or has no weights", async () => {
    await expect(loadFolder(join(scratch, "nowhere"), Gpt2)).rejects.toThrow(
      /nowhere.config\.json: expected a model's configuration, got ENOENT/,
    );
    const folder = copy("gpt2", "empty");
    rmSync(join(folder, "model.safetensors"));
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/model\.safetensors: could not be opened: ENOENT/);
  });

  test("a torn file of weights, a configuration that is no JSON", async () => {
    const folder = copy("gpt2", "torn");
    truncateSync(join(folder, "model.safetensors"), 5000);
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(CheckpointError);
    writeFileSync(join(folder, "config.json"), "{");
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/config\.json: expected JSON, got/);
    writeFileSync(join(folder, "config.json"), "[]");
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/expected a JSON object, got an array/);
  });

  test("another model, a setting we have not, a number that is none", async () => {
    const folder = copy("gpt2", "other");
    await expect(loadFolder(folder, Llama)).rejects.toThrow(/expected "model_type" to be "llama", got "gpt2"/);
    change(folder, { activation_function: "gelu_magic" });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/expected "activation_function" to be one of gelu, .*, got "gelu_magic"/);
    change(folder, { activation_function: "gelu_new", scale_attn_by_inverse_layer_idx: true });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(UnsupportedError);
    change(folder, { scale_attn_by_inverse_layer_idx: false, n_embd: "32" });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/expected "n_embd" to be a whole number of at least 1, got "32"/);
  });

  test("weights of another shape, missing ones and unknown ones", async () => {
    const folder = copy("gpt2", "shapes");
    change(folder, { n_positions: 32 });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/positions\.weight: expected shape \[32, 32\], got \[64, 32\]/);
    change(folder, { n_positions: 64, n_layer: 3 });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/missing: blocks\.2\./);
    change(folder, { n_layer: 1 });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/unexpected: transformer\.h\.1\./);
  });

  test("a new head needs an rng, and then takes the encoder's weights", async () => {
    const folder = fixturePath("bert_mlm");
    const config = { id2label: { 0: "no", 1: "yes" } };
    await expect(loadFolder(folder, SequenceClassifier, { strict: false, config })).rejects.toThrow(/expected an rng for the tensors/);
    using model = await loadFolder(folder, SequenceClassifier, { strict: false, config, rng: new Rng(1) });
    using pretrained = await loadFolder(folder, MaskedLanguageModel);
    expect(model.labels).toEqual(["no", "yes"]);
    expect(await model.encoder.tokens.weight.read()).toEqual(await pretrained.encoder.tokens.weight.read());
  });
});
