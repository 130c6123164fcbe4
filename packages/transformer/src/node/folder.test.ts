import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { CheckpointError, type HostTensor, hostTensor, openDevice, Rng, UnsupportedError } from "@dl/core";
import { Tokenizer } from "@dl/data";
import { fromStored, loadState, readState } from "@dl/nn";
import { loadSafetensors, saveSafetensors } from "@dl/nn/node";
import { afterAll, describe, expect, test } from "vitest";
import { generate } from "../generation/generate.ts";
import { MaskedLanguageModel } from "../heads/masked-language-model.ts";
import { QuestionAnswerer } from "../heads/question-answerer.ts";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import { TokenClassifier } from "../heads/token-classifier.ts";
import type { Pretrained, PretrainedClass } from "../huggingface/pretrained.ts";
import { tokenizerConfig } from "../huggingface/tokenizer-config.ts";
import { huggingFaceState, loadHuggingFaceState } from "../huggingface/weights.ts";
import { Clip } from "../models/clip.ts";
import { EncoderDecoder } from "../models/encoder-decoder.ts";
import { Gpt2 } from "../models/gpt2.ts";
import { Llama } from "../models/llama.ts";
import { T5 } from "../models/t5.ts";
import { ViT } from "../models/vit.ts";
import { fixturePath, readJson } from "../reference-fixture.ts";
import { loadFolder, readConfig, saveFolder } from "./folder.ts";
import { loadTokenizer } from "./tokenizer-file.ts";

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
  gpt2_scaled: Gpt2,
  llama_yarn: Llama,
  t5_silu: T5,
  t5_untied: T5,
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
    for (const maximumShardBytes of [5e9, 20_000]) {
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
    await expect(loadFolder(folder, Llama)).rejects.toThrow(
      /expected "model_type" to be "llama", got "gpt2"\. Open it with the class of that model/,
    );
    change(folder, { activation_function: "gelu_magic" });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/expected "activation_function" to be one of gelu, .*, got "gelu_magic"/);
    change(folder, { activation_function: "gelu_new", add_cross_attention: true });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(UnsupportedError);
    change(folder, { add_cross_attention: false, n_embd: "32" });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(/expected "n_embd" to be a whole number of at least 1, got "32"/);
  });

  test("more layers than the weights can be of, before the first is made", async () => {
    const folder = copy("gpt2", "layers");
    change(folder, { n_layer: 1e9 });
    await expect(loadFolder(folder, Gpt2)).rejects.toThrow(
      /expected "n_layer" to be at most \d+, the number of tensors beside it, got 1000000000/,
    );
    const nested = copy("clip", "nested-layers");
    change(nested, { text_config: { ...readJson<{ text_config: object }>("clip/config.json").text_config, num_hidden_layers: 1e9 } });
    await expect(loadFolder(nested, Clip)).rejects.toThrow(/text_config: expected "num_hidden_layers" to be at most \d+/);
  });

  test("weights that are not shared matter to the head that shares them alone", async () => {
    const masked = copy("bert_mlm", "untied-masked");
    change(masked, { tie_word_embeddings: false });
    await expect(loadFolder(masked, MaskedLanguageModel)).rejects.toThrow(UnsupportedError);
    for (const name of ["bert_seqcls", "distilbert_seqcls", "roberta_multilabel"]) {
      const folder = copy(name, `untied-${name}`);
      change(folder, { tie_word_embeddings: false });
      using model = await loadFolder(folder, SequenceClassifier);
      expect(model.labels.length).toBeGreaterThan(1);
    }
  });

  test("a copy of shared weights that differs is the head's own where the model can have one, else refused, never dropped", async () => {
    const read = async (folder: string): Promise<Map<string, HostTensor>> => {
      const tensors = await loadSafetensors(join(folder, "model.safetensors"));
      return new Map([...tensors].map(([name, tensor]) => [name, fromStored(tensor, { name })]));
    };
    const rewrite = async (folder: string, name: string, of: string): Promise<void> => {
      const path = join(folder, "model.safetensors");
      const tensors = await read(folder);
      const { shape, data } = tensors.get(of)!;
      tensors.set(
        name,
        hostTensor(
          Float32Array.from(data, (value) => value + 0.5),
          shape,
        ),
      );
      await saveSafetensors(path, tensors);
    };
    for (const [name, kind, of] of [
      ["gpt2", Gpt2, "transformer.wte.weight"],
      ["llama3", Llama, "model.embed_tokens.weight"],
      ["t5", T5, "shared.weight"],
    ] as const) {
      const folder = copy(name, `own-head-${name}`);
      await rewrite(folder, "lm_head.weight", of);
      using model = await loadFolder(folder, kind as PretrainedClass<Gpt2 | Llama | T5>);
      expect(model.output, name).toBeDefined();
      expect(model.options).toMatchObject({ tied: false, ...(name === "t5" && { scaleOutput: true }) });
      const own = (await read(folder)).get("lm_head.weight")!;
      expect((await huggingFaceState(model)).get("lm_head.weight")).toEqual(own);
      // Where the class was made from a configuration, the file's own is told.
      using shared = kind.fromConfig(await readConfig(folder), { rng: new Rng(1) });
      const before = await readState(shared);
      const tensors = await read(folder);
      expect(() => loadHuggingFaceState(shared, tensors)).toThrow(/expected lm_head\.weight to be .* again, .*"tie_word_embeddings":false/);
      expect(await readState(shared)).toEqual(before);
    }
    for (const [name, kind, tensor, of] of [
      ["t5", T5, "encoder.embed_tokens.weight", "shared.weight"],
      ["bart", EncoderDecoder, "lm_head.weight", "model.shared.weight"],
      ["bert_mlm", MaskedLanguageModel, "cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"],
      ["bert_mlm", MaskedLanguageModel, "cls.predictions.decoder.bias", "cls.predictions.bias"],
      ["distilbert_mlm", MaskedLanguageModel, "vocab_projector.weight", "distilbert.embeddings.word_embeddings.weight"],
    ] as const) {
      const folder = copy(name, `own-${tensor}-${name}`);
      await rewrite(folder, tensor, of);
      await expect(loadFolder(folder, kind as PretrainedClass<Pretrained>)).rejects.toThrow(CheckpointError);
      await expect(loadFolder(folder, kind as PretrainedClass<Pretrained>)).rejects.toThrow(
        new RegExp(`expected ${tensor} to be ${of} again`),
      );
    }
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

  test("a configuration with several end tokens is read, kept, and ends a text at each", async () => {
    const folder = copy("llama3", "ends");
    change(folder, { eos_token_id: [2, 14, 19] });
    using model = await loadFolder(folder, Llama);
    expect(model.options).toMatchObject({ endId: 2, endIds: [2, 14, 19] });
    expect(model.toConfig().eos_token_id).toEqual([2, 14, 19]);
    change(folder, { eos_token_id: [2, "14"] });
    await expect(loadFolder(folder, Llama)).rejects.toThrow(/expected "eos_token_id" to be a token id, or a list of them, got \[2,"14"\]/);
    await using device = await openDevice(cpu());
    const [free] = await generate(model, [[5, 6, 7]], { device, newTokens: 6, endIds: [] });
    using ending = new Llama({ ...model.options, endId: 2, endIds: [2, free!.ids[2]!], rng: new Rng(1) });
    loadState(ending, await readState(model));
    const [ended] = await generate(ending, [[5, 6, 7]], { device, newTokens: 6 });
    expect(ended).toMatchObject({ reason: "end", ids: free!.ids.slice(0, free!.ids.indexOf(free!.ids[2]!) + 1) });
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

  test("a new head is all that may be new: weights of another model are refused, by name", async () => {
    const options = { strict: false, rng: new Rng(1), config: { id2label: { 0: "no", 1: "yes" } } };
    const deeper = copy("bert_mlm", "deeper");
    change(deeper, { num_hidden_layers: 5 });
    await expect(loadFolder(deeper, SequenceClassifier, options)).rejects.toThrow(
      /expected all weights of SequenceClassifier but dense, output, got others: missing: encoder\.blocks\./,
    );
    const shallower = copy("bert_mlm", "shallower");
    change(shallower, { num_hidden_layers: 1 });
    await expect(loadFolder(shallower, SequenceClassifier, options)).rejects.toThrow(/unexpected: bert\.encoder\.layer\.1\./);
    const foreign = copy("bert_mlm", "foreign");
    cpSync(fixturePath("distilbert_mlm/model.safetensors"), join(foreign, "model.safetensors"));
    await expect(loadFolder(foreign, SequenceClassifier, options)).rejects.toThrow(CheckpointError);
    await expect(loadFolder(fixturePath("bert_mlm"), SequenceClassifier, { ...options, mayLack: ["output"] })).rejects.toThrow(
      /but output, got others: missing: dense\.weight, dense\.bias/,
    );
  });
});

describe("a folder that is written again", () => {
  test("holds the new weights alone, whatever form the old ones had", async () => {
    const folder = join(scratch, "again");
    const labels = ["no", "yes"];
    const make = (seed: number, layers: number): SequenceClassifier =>
      new SequenceClassifier({ vocabulary: 20, context: 8, size: 8, layers, heads: 2, labels, rng: new Rng(seed) });
    for (const [seed, [layers, maximumShardBytes]] of [
      [1, 5e9],
      [3, 2000],
      [1, 2000],
      [1, 5e9],
    ].entries()) {
      using model = make(seed, layers!);
      await saveFolder(folder, model, { maximumShardBytes: maximumShardBytes! });
      using again = await loadFolder(folder, SequenceClassifier);
      expect(await readState(again)).toEqual(await readState(model));
      const weights = readdirSync(folder).filter((name) => name.startsWith("model"));
      if (maximumShardBytes === 5e9) expect(weights).toEqual(["model.safetensors"]);
      else expect(weights).toHaveLength(1 + Number(weights[0]!.slice(-17, -12)));
    }
  });
});

describe("a tokenizer beside the model", () => {
  const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "##ly"];
  const wordPiece = JSON.stringify({
    ...{ version: "1.0", truncation: null, padding: null, normalizer: null, decoder: { type: "WordPiece", prefix: "##", cleanup: true } },
    added_tokens: words.slice(0, 5).map((content, id) => {
      return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
    }),
    pre_tokenizer: { type: "Whitespace" },
    post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
    model: {
      ...{ type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100 },
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
    },
  });
  const save = async (name: string): Promise<string> => {
    const folder = join(scratch, name);
    using model = new SequenceClassifier({
      vocabulary: 8,
      context: 8,
      size: 8,
      layers: 1,
      heads: 2,
      labels: ["no", "yes"],
      rng: new Rng(1),
    });
    await saveFolder(folder, model, { tokenizer: wordPiece });
    return folder;
  };

  test("is read again, and says which tokens have which part", async () => {
    const folder = await save("words");
    expect((await loadTokenizer(folder)).encode("badly good").ids).toEqual([2, 6, 7, 5, 3]);
    expect(JSON.parse(readFileSync(join(folder, "tokenizer_config.json"), "utf8"))).toEqual({
      ...{ tokenizer_class: "PreTrainedTokenizerFast", pad_token: "[PAD]", unk_token: "[UNK]" },
      ...{ cls_token: "[CLS]", sep_token: "[SEP]", mask_token: "[MASK]" },
    });
    await expect(loadTokenizer(join(scratch, "nowhere"))).rejects.toThrow(/tokenizer\.json: expected a tokenizer, got ENOENT/);
    using model = await loadFolder(folder, SequenceClassifier);
    await expect(saveFolder(join(scratch, "torn-words"), model, { tokenizer: "{" })).rejects.toThrow(/expected JSON/);
    expect(existsSync(join(scratch, "torn-words"))).toBe(false);
  });

  test("follows from the model's ids where it has them", () => {
    const json = JSON.parse(wordPiece) as object;
    const tokenizer = Tokenizer.fromJson({ ...json, post_processor: null });
    expect(tokenizerConfig(tokenizer, { pad_token_id: 5, eos_token_id: [6, 3], bos_token_id: 99 })).toMatchObject({
      ...{ pad_token: "good", eos_token: "bad", cls_token: "[CLS]" },
    });
  });

  test.runIf(python)(
    "is AutoTokenizer's, which can pad with it",
    async () => {
      const answer = execFileSync(python!, [fixturePath("load_tokenizer.py"), await save("words-python"), "good", "badly good"]);
      expect(JSON.parse(String(answer))).toEqual({
        input_ids: [
          [2, 5, 3, 0, 0],
          [2, 6, 7, 5, 3],
        ],
        mask_token: "[MASK]",
      });
    },
    60_000,
  );
});
