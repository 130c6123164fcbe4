import { type HostTensor, hostTensor, type Scalar, type Tensor, tensor, transpose, valueAndGrad } from "@dl/core";
import { crossEntropy, inference } from "@dl/nn";
import { describe, expect, test } from "vitest";
import type { TokenInput } from "./forward-pass.ts";
import { MaskedLanguageModel } from "./heads/masked-language-model.ts";
import { QuestionAnswerer } from "./heads/question-answerer.ts";
import { SequenceClassifier } from "./heads/sequence-classifier.ts";
import { TokenClassifier } from "./heads/token-classifier.ts";
import type { Pretrained, PretrainedClass } from "./huggingface/pretrained.ts";
import { huggingFaceName, toHuggingFace } from "./huggingface/weights.ts";
import { causalLoss, spanLoss, tokenLoss } from "./losses.ts";
import { Clip } from "./models/clip.ts";
import { EncoderDecoder } from "./models/encoder-decoder.ts";
import { Gpt2 } from "./models/gpt2.ts";
import { Llama } from "./models/llama.ts";
import { T5 } from "./models/t5.ts";
import { ViT } from "./models/vit.ts";
import { loadFolder } from "./node/index.ts";
import { asMask, channelsLast, expectNear, fixturePath, onDevice, precisions, readFixture, readJson } from "./reference-fixture.ts";
import { shiftRight } from "./sequence-to-sequence.ts";

interface Outcome {
  readonly loss: Scalar;
  /** By the names of the fixture. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

interface Reference {
  readonly folder: string;
  readonly load: (folder: string) => Promise<Pretrained>;
  readonly run: (model: Pretrained, inputs: ReadonlyMap<string, HostTensor>) => Outcome;
  /** Which rows of outputs whose name begins so are text, not padding. Default: all of `attention_mask`. */
  readonly rows?: (name: string, inputs: ReadonlyMap<string, HostTensor>) => HostTensor | undefined;
}

function reference<M extends Pretrained>(
  folder: string,
  kind: PretrainedClass<M>,
  run: (model: M, inputs: Record<string, HostTensor>) => Outcome,
  rows?: Reference["rows"],
): Reference {
  return {
    folder,
    load: (path) => loadFolder(path, kind),
    run: (model, inputs) => run(model as unknown as M, Object.fromEntries(inputs)),
    ...(rows && { rows }),
  };
}

const newTrace = () => ({ hiddenStates: [] as Tensor[], attentions: [] as Tensor[], crossAttentions: [] as Tensor[] });

/** What the fixtures keep of a trace of one stack. */
function single({ hiddenStates, attentions }: ReturnType<typeof newTrace>): Record<string, Tensor> {
  return { "hidden_states.0": hiddenStates[0]!, last_hidden_state: hiddenStates.at(-1)!, "attentions.0": attentions[0]! };
}

function half(name: string, trace: ReturnType<typeof newTrace>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(single(trace)).map(([output, x]) => [`${name}.${output}`, x]));
}

type Inputs = Record<string, HostTensor>;

function textOf({ input_ids, attention_mask, token_type_ids }: Inputs): TokenInput {
  return {
    ids: tensor(input_ids!),
    mask: tensor(asMask(attention_mask!)),
    ...(token_type_ids && { segments: tensor(token_type_ids) }),
  };
}

function languageModel(model: Gpt2 | Llama, inputs: Inputs): Outcome {
  const trace = newTrace();
  const logits = model.forward(textOf(inputs), inference, { trace });
  return { loss: causalLoss(logits, tensor(inputs.labels!)), outputs: { logits, ...single(trace) } };
}

function tokenModel(model: MaskedLanguageModel | TokenClassifier, inputs: Inputs): Outcome {
  const trace = newTrace();
  const logits = model.forward(textOf(inputs), inference, { trace });
  return { loss: tokenLoss(logits, tensor(inputs.labels!)), outputs: { logits, ...single(trace) } };
}

function sequenceModel(model: SequenceClassifier, inputs: Inputs): Outcome {
  const trace = newTrace();
  const logits = model.forward(textOf(inputs), inference, { trace });
  return { loss: model.loss(logits, tensor(inputs.labels!)), outputs: { logits, ...single(trace) } };
}

function translator(model: T5 | EncoderDecoder, inputs: Inputs): Outcome {
  const traces = { encoder: newTrace(), decoder: newTrace() };
  const { data, shape } = inputs.labels!;
  const { startId, padId } = model.options;
  const ids = tensor({ shape, dtype: "int32", data: shiftRight(data as Int32Array, { rows: shape[0]!, startId, padId }) });
  const logits = model.forward({ source: textOf(inputs), target: { ids } }, inference, { traces });
  const read = traces.encoder.hiddenStates.at(-1)!;
  const outputs = { logits, encoder_last_hidden_state: read, ...half("encoder", traces.encoder), ...half("decoder", traces.decoder) };
  return {
    loss: tokenLoss(logits, tensor(inputs.labels!)),
    outputs: { ...outputs, "cross_attentions.0": traces.decoder.crossAttentions[0]! },
  };
}

/** Padding is in the text read only: what is written is compared whole, but for the rows after its end. */
const translated: Reference["rows"] = (name, inputs) => {
  if (name.startsWith("encoder")) return inputs.get("attention_mask");
  const { shape, data } = inputs.get("labels")!;
  return { shape, dtype: "bool", data: Uint8Array.from(data, (label) => (label >= 0 ? 1 : 0)) };
};

const references: readonly Reference[] = [
  ...["gpt2", "gpt2_scaled"].map((folder) => reference(folder, Gpt2, languageModel)),
  ...["llama", "llama3", "llama_yarn"].map((folder) => reference(folder, Llama, languageModel)),
  ...["bert_seqcls", "distilbert_seqcls", "roberta_multilabel"].map((folder) => reference(folder, SequenceClassifier, sequenceModel)),
  ...["bert_mlm", "roberta_mlm", "distilbert_mlm"].map((folder) => reference(folder, MaskedLanguageModel, tokenModel)),
  reference("roberta_token", TokenClassifier, tokenModel),
  reference("bert_qa", QuestionAnswerer, (model, inputs) => {
    const trace = newTrace();
    const logits = model.forward(textOf(inputs), inference, { trace });
    const loss = spanLoss(logits, { start: tensor(inputs.start_positions!), end: tensor(inputs.end_positions!) });
    return { loss, outputs: { start_logits: logits.start, end_logits: logits.end, ...single(trace) } };
  }),
  ...["t5", "t5_gated", "t5_silu", "t5_untied"].map((folder) => reference(folder, T5, translator, translated)),
  ...["bart", "marian"].map((folder) => reference(folder, EncoderDecoder, translator, translated)),
  reference(
    "vit",
    ViT,
    (model, inputs) => {
      const trace = newTrace();
      const logits = model.forward(tensor(channelsLast(inputs.pixel_values!)), inference, { trace });
      return { loss: crossEntropy(logits, tensor(inputs.labels!)), outputs: { logits, ...single(trace) } };
    },
    () => undefined,
  ),
  reference(
    "clip",
    Clip,
    (model, inputs) => {
      const [text, vision] = [newTrace(), newTrace()];
      const images = model.encodeImages(tensor(channelsLast(inputs.pixel_values!)), inference, { trace: vision });
      const texts = model.encodeTexts(textOf(inputs), inference, { trace: text });
      const similar = model.forward({ texts: textOf(inputs), images: tensor(channelsLast(inputs.pixel_values!)) }, inference);
      const outputs = {
        logits_per_text: similar.logits,
        logits_per_image: transpose(similar.logits),
        text_embeds: texts,
        image_embeds: images,
      };
      // Of the text, transformers gives the last state after the norm.
      const last = model.text.norm.forward(text.hiddenStates.at(-1)!);
      const states = { ...half("text", text), ...half("vision", vision), "text.last_hidden_state": last };
      return { loss: model.loss(similar.logits), outputs: { ...outputs, ...states } };
    },
    (name, inputs) => (name.startsWith("text.") ? inputs.get("attention_mask") : undefined),
  ),
];

describe.each(references)("$folder as transformers", ({ folder, load, run, rows }) => {
  const inputs = readFixture(`${folder}/inputs.safetensors`);
  const expected = readFixture(`${folder}/expected.safetensors`);
  const meta = readJson<{ parameters: number; loss: number; grads: string[] }>(`${folder}/meta.json`);
  const textRows = rows ?? ((_: string, all: typeof inputs) => all.get("attention_mask"));

  test("has as many parameters", async () => {
    using model = await load(fixturePath(folder));
    // PyTorch counts Marian's tables of sines, one a half, as parameters.
    const sines = folder === "marian" ? 2 * 32 * 32 : 0;
    expect(model.parameterCount).toBe(meta.parameters - sines);
  });

  test.each(precisions)("on $name: outputs, loss and gradients", async (precision) => {
    await onDevice(precision.backend(), async (device) => {
      using model = await load(fixturePath(folder));
      const wanted = new Map(
        [...model.namedParameters()].map(([path, parameter]) => [huggingFaceName(path, model.huggingFace), { path, parameter }]),
      );
      const named = meta.grads.map((name) => {
        const place = wanted.get(currentName(name));
        if (place === undefined) expect.fail(`no parameter is called ${name}`);
        return { name, ...place };
      });
      const result = await device.compute(() => {
        const { value, grads } = valueAndGrad(
          () => {
            const { loss, outputs } = run(model, inputs);
            return { loss, ...outputs };
          },
          named.map(({ parameter }) => parameter),
        );
        return { value: value as Record<string, Tensor>, grads: named.map(({ parameter }) => grads.get(parameter)!) };
      });
      const { loss, ...outputs } = result.value as Record<string, HostTensor> & { loss: number };
      expect(Math.abs(loss - meta.loss)).toBeLessThan(1e-4 * Math.abs(meta.loss));
      const names = [...expected.keys()].filter((name) => !name.startsWith("grad."));
      expect(Object.keys(outputs).sort()).toEqual(names.sort());
      for (const name of names) {
        const perRow = expected.get(name)!.shape.length > 2 ? textRows(name, inputs) : undefined;
        expectNear(outputs[name]!, expected.get(name)!, { bound: precision.outputs, what: name, rows: perRow });
      }
      named.forEach(({ name, path }, i) => {
        const own: HostTensor | number = result.grads[i]!;
        const gradient = toHuggingFace(typeof own === "number" ? hostTensor(Float32Array.of(own), []) : own, { path, model });
        expectNear(gradient, expected.get(`grad.${name}`)!, { bound: precision.gradients, what: `grad ${name}` });
      });
    });
  });
});

/** In `meta.grads`, ViT's parameters have the names that transformers 5 has in memory, elsewhere those of files. */
function currentName(name: string): string {
  return name.replace(/^vit\.layers\.(\d+)\.attention\.q_proj/, "vit.encoder.layer.$1.attention.attention.query");
}
