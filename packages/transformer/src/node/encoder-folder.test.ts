import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { OptionError, openDevice, Rng, tensor } from "@dl/core";
import { inference, readState } from "@dl/nn";
import { loadSafetensors } from "@dl/nn/node";
import { afterAll, describe, expect, test } from "vitest";
import { meanPooled } from "../embeddings/sentence-vectors.ts";
import { MaskedLanguageModel } from "../heads/masked-language-model.ts";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import { BidirectionalEncoder } from "../models/bidirectional-encoder.ts";
import { asMask, expectNear, fixturePath, readFixture } from "../reference-fixture.ts";
import { loadFolder, saveFolder } from "./folder.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-encoders-"));
afterAll(() => rmSync(scratch, { recursive: true }));

describe.each([
  ["bert_mlm", "BertModel", "embeddings.word_embeddings.weight", "cls.predictions"],
  ["roberta_mlm", "RobertaModel", "encoder.layer.1.output.dense.weight", "lm_head"],
  ["distilbert_mlm", "DistilBertModel", "transformer.layer.0.ffn.lin1.weight", "vocab_"],
] as const)("the encoder of %s", (name, architecture, tensorName, head) => {
  const inputs = readFixture(`${name}/inputs.safetensors`);

  test("is read from the file of a model with a head, gives transformers' vectors, and is written as a bare one", async () => {
    await expect(loadFolder(fixturePath(name), BidirectionalEncoder)).rejects.toThrow(`unexpected: ${head}`);
    using encoder = await loadFolder(fixturePath(name), BidirectionalEncoder, { strict: false });
    using whole = await loadFolder(fixturePath(name), MaskedLanguageModel);
    expect(await readState(encoder)).toEqual(await readState(whole.encoder));

    await using device = await openDevice(cpu({ precision: "float64" }));
    const mask = asMask(inputs.get("attention_mask")!);
    const segments = inputs.get("token_type_ids");
    const run = (model: BidirectionalEncoder) =>
      device.compute(() => {
        const input = { ids: tensor(inputs.get("input_ids")!), mask: tensor(mask), ...(segments && { segments: tensor(segments) }) };
        const hidden = model.forward(input, inference); // [B, T, C]
        return { hidden, vectors: meanPooled(hidden, input.mask) };
      });
    const { hidden, vectors } = await run(encoder);
    const wanted = readFixture(`${name}/expected.safetensors`).get("last_hidden_state")!;
    expectNear(hidden, wanted, { bound: [1e-6, 5e-6], what: "vectors", rows: mask });
    expect(vectors.shape).toEqual([hidden.shape[0], hidden.shape[2]]);

    const folder = join(scratch, name);
    await saveFolder(folder, encoder);
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).architectures).toEqual([architecture]);
    expect([...(await loadSafetensors(join(folder, "model.safetensors"))).keys()]).toContain(tensorName);
    using again = await loadFolder(folder, BidirectionalEncoder);
    expect(again.options).toEqual(encoder.options);
    expect(await run(again)).toEqual({ hidden, vectors });
  });

  test("written bare, it takes a head", async () => {
    using encoder = await loadFolder(fixturePath(name), BidirectionalEncoder, { strict: false });
    const folder = join(scratch, `${name}-head`);
    await saveFolder(folder, encoder);
    using model = await loadFolder(folder, SequenceClassifier, { strict: false, rng: new Rng(1), config: { num_labels: 2 } });
    expect(await readState(model.encoder)).toEqual(await readState(encoder));
  });
});

test("a form that no family's file can say can be used, and is not written", async () => {
  const sizes = { vocabulary: 20, context: 12, size: 8, layers: 1, heads: 2 };
  using encoder = new BidirectionalEncoder({ ...sizes, segments: 0, epsilon: 1e-5, rng: new Rng(1) });
  await expect(saveFolder(join(scratch, "none"), encoder)).rejects.toThrow(OptionError);
});
