import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { type HostTensor, OptionError, openDevice, Rng, tensor } from "@dl/core";
import { inference, readState } from "@dl/nn";
import { afterAll, describe, expect, test } from "vitest";
import { loadFolder, saveFolder } from "../node/folder.ts";
import { bart, bartBase } from "./bart.ts";
import { EncoderDecoder, type EncoderDecoderOptions } from "./encoder-decoder.ts";
import { marian, opusMt } from "./marian.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-encoder-decoder-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const rng = new Rng(2);
const small = { vocabulary: 20, context: 12, size: 8, layers: 1, heads: 2, hidden: 16, deviation: 0.5 };
const ids: HostTensor = { data: Int32Array.of(3, 4, 5, 6, 7, 8), shape: [1, 6], dtype: "int32" };

describe("saved and loaded it is the same model: the family follows from the form", () => {
  test.each<[string, Omit<EncoderDecoderOptions, "rng">, typeof bart]>([
    ["the original transformer", small, marian],
    ["OPUS-MT", { ...opusMt, ...small, padId: 19 }, marian],
    ["BART", { ...bartBase, ...small }, bart],
    ["learned positions", { ...small, positions: "learned", embeddingNorm: true, activation: "swish" }, bart],
  ])("%s", async (name, options, family) => {
    await using device = await openDevice(cpu());
    using model = new EncoderDecoder({ ...options, rng });
    expect(model.family).toBe(family);
    const folder = join(scratch, name);
    await saveFolder(folder, model);
    using again = await loadFolder(folder, EncoderDecoder);
    expect(await readState(again)).toEqual(await readState(model));
    const logits = (each: EncoderDecoder): Promise<HostTensor> =>
      device.compute(() => each.forward({ source: { ids: tensor(ids) }, target: { ids: tensor(ids) } }, inference));
    expect(await logits(again)).toEqual(await logits(model));
  });
});

test.each<[string, Omit<EncoderDecoderOptions, "rng">, RegExp]>([
  ["learned positions without a norm", { ...small, positions: "learned" }, /EncoderDecoder: expected embeddingNorm true, got false/],
  ["a norm with sines", { ...small, embeddingNorm: true }, /EncoderDecoder: expected embeddingNorm false, got true/],
  [
    "BART's form as Marian",
    { ...bartBase, family: marian },
    /EncoderDecoder: expected positions sinusoidal and embeddingNorm false.*, got learned and true/,
  ],
  [
    "the original form as BART",
    { ...small, family: bart },
    /EncoderDecoder: expected positions learned and embeddingNorm true, got sinusoidal and false/,
  ],
])("what no file of the family can say is refused: %s", (_, options, message) => {
  const make = () => new EncoderDecoder({ ...options, ...small, rng });
  expect(make).toThrow(message);
  expect(make).toThrow(OptionError);
});
