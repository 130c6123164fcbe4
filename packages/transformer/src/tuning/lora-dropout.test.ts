import { cpu } from "@dl/backend-cpu";
import { dropout, type HostTensor, matmul, norm, openDevice, Rng, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { inference, type Mode, type Parameter, training, wrapForward } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { SequenceClassifier } from "../heads/sequence-classifier.ts";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { Clip } from "../models/clip.ts";
import { EncoderDecoder } from "../models/encoder-decoder.ts";
import { Gpt2, nanoGptShakespeare } from "../models/gpt2.ts";
import { T5 } from "../models/t5.ts";
import { Lora, type LoraOptions } from "./lora.ts";

const rng = new Rng(11);
const ids: HostTensor = { data: Int32Array.from({ length: 12 }, (_, i) => (i * 5) % 13), shape: [2, 6], dtype: "int32" };
const small = { vocabulary: 13, context: 8, size: 8, layers: 2, heads: 2, hidden: 16, dropout: 0 };
const gpt2 = (): Gpt2 => new Gpt2({ ...nanoGptShakespeare, ...small, rng: rng.fork("gpt2") });

/** A LoRA that is not zero, with dropout. */
function loraOn(model: Pretrained, options: Pick<LoraOptions, "targets"> & Partial<LoraOptions>): Lora {
  const lora = new Lora(model, { rank: 4, alpha: 8, dropout: 0.5, rng: rng.fork("lora"), ...options });
  for (const [path, { up }] of lora.layers) up.load(rng.fork(path).normal(up.shape));
  return lora;
}

test("recomputing drops on the way back what it dropped on the way there: the same gradients, bit for bit", async () => {
  const gradients: number[][] = [];
  for (const recompute of [false, true]) {
    await using device = await openDevice(cpu());
    using model = gpt2();
    using lora = loraOn(model, { targets: ["project", "expand"] });
    const trained = lora.trained();
    const grads = await device.compute(() => {
      const mode = training(rng.fork("dropout"));
      const { grads } = valueAndGrad(
        () =>
          model
            .forward({ ids: tensor(ids) }, mode, { recompute })
            .square()
            .mean(),
        trained,
      );
      return trained.map((parameter: Parameter) => grads.get(parameter)!);
    });
    gradients.push(grads.flatMap(({ data }) => Array.from(data)));
  }
  expect(gradients[1]).toEqual(gradients[0]);
});

describe("dropout acts in every pass that trains, wherever one enters the model, and in none that does not", () => {
  const input = () => ({ ids: tensor(ids) });
  const half = { size: 8, layers: 1, heads: 2 };
  const cases: Readonly<Record<string, () => { model: Pretrained; targets: string[]; pass: (mode: Mode) => Tensor }>> = {
    "Gpt2.hidden": () => {
      const model = gpt2();
      return { model, targets: ["project"], pass: (mode) => model.hidden(input(), mode) };
    },
    "T5.encode": () => {
      const model = new T5({ ...small, rng: rng.fork("t5") });
      return { model, targets: ["encoder.blocks.0.self.query"], pass: (mode) => model.encode(input(), mode) };
    },
    "T5.decode, its output layer": () => {
      const model = new T5({ ...small, tied: false, rng: rng.fork("t5") });
      const cross = () => model.crossKeys(model.encode(input(), inference));
      return { model, targets: ["output"], pass: (mode) => model.decode({ ...input(), cross: cross() }, mode) };
    },
    "keys for the decoder, from what was encoded": () => {
      const model = new EncoderDecoder({ ...small, rng: rng.fork("bart") });
      return { model, targets: ["cross.key"], pass: (mode) => model.crossKeys(model.encode(input(), mode))[0]!.key };
    },
    "Clip.encodeTexts, its projection": () => {
      const text = { ...half, vocabulary: 13, context: 8, endId: 12 };
      const model = new Clip({ projection: 4, text, vision: { ...half, imageSize: 8, patchSize: 4 }, rng: rng.fork("clip") });
      return { model, targets: ["textProjection"], pass: (mode) => model.encodeTexts(input(), mode) };
    },
    "a head's encoder alone": () => {
      const model = new SequenceClassifier({ ...small, labels: ["no", "yes"], rng: rng.fork("bert") });
      return { model, targets: ["query"], pass: (mode) => model.encoder.forward(input(), mode) };
    },
  };
  test.each(Object.entries(cases))("%s", async (_, make) => {
    await using device = await openDevice(cpu());
    const { model, targets, pass } = make();
    using _model = model;
    using _lora = loraOn(model, { targets });
    const run = (mode: Mode): Promise<HostTensor> => device.compute(() => pass(mode));
    const used = await run(inference);
    expect((await run(training(rng.fork("drop")))).data).not.toEqual(used.data);
    expect(await run(training(rng.fork("drop")))).toEqual(await run(training(rng.fork("drop"))));
    expect(await run(inference)).toEqual(used);
  });
});

test("DoRA scales what the layer makes of the dropped input too, as PEFT's does", async () => {
  await using device = await openDevice(cpu());
  using model = gpt2();
  using lora = loraOn(model, { targets: ["blocks.1.attention.project"], dora: true });
  await lora.ready();
  const [path, { down, up, magnitude }] = [...lora.layers][0]!;
  magnitude!.load(rng.fork("magnitude").normal(magnitude!.shape, 1, 0.2));
  const { weight, bias } = model.blocks[1]!.attention.project;
  expect(path).toBe("blocks.1.attention.project");
  let seen: { x: Tensor; y: Tensor } | undefined;
  wrapForward(model.blocks[1]!.attention.project, (forward, x) => {
    const y = forward(x);
    seen = { x, y };
    return y;
  });
  const { got, wanted } = await device.compute(() => {
    model.forward({ ids: tensor(ids) }, training(rng.fork("drop")));
    const { x, y } = seen!;
    // The model drops nothing itself: the first numbers drawn are the adapter's.
    const dropped = dropout(x, { rate: 0.5, rng: rng.fork("drop") }).reshape([-1, 8]);
    const added = matmul(down.value, up.value).mul(2);
    const share = magnitude!.value.div(norm(weight.value.add(added), 0));
    // W x + b + (m/‖W + ΔW‖ − 1) W d + m/‖W + ΔW‖ ΔW d: peft 0.21, tuners/lora/dora.py and variants.py.
    const base = matmul(x.reshape([-1, 8]), weight.value).add(bias!.value);
    const wanted = base.add(matmul(dropped, weight.value).mul(share.sub(1))).add(matmul(dropped, added).mul(share));
    return { got: y.reshape([12, -1]), wanted };
  });
  expect(got.shape).toEqual(wanted.shape);
  // The same sums in another order, in float32.
  for (const [i, value] of got.data.entries()) expect(Math.abs(value - wanted.data[i]!)).toBeLessThan(1e-5);
});
