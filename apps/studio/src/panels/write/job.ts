/** Trains a GPT on the characters of a text, or adapts one to a second text; writes, and shows what it looks at. */

import { DataError, type HostTensor, hostTensor, narrow, Rng, softmax, type Tensor, tensor } from "@dl/core";
import { subset } from "@dl/data";
import { AdamW, decayGroups, inference, type Mode, type Module, readTensors, schedules, writeSafetensors } from "@dl/nn";
import { type Callback, evaluate, fit, NanStop, type Run } from "@dl/train";
import {
  Adapted,
  Gpt2,
  type Gpt2Preset,
  generate,
  huggingFaceState,
  Lora,
  loadHuggingFaceState,
  loadPeft,
  ModelConfig,
  nanoGptShakespeare,
  peftFiles,
  tokenLoss,
} from "@dl/transformer";
import { readFitCheckpoint, writeFitCheckpoint } from "../../engine/fit-checkpoint.ts";
import type { OpenJob } from "../../engine/job.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import { Alphabet, windowsOf } from "./characters.ts";
import type { ModelSize, Reading, WriteContract } from "./contract.ts";

const sizes: Readonly<Record<ModelSize, Omit<Gpt2Preset, "vocabulary">>> = {
  tiny: { context: 48, size: 64, layers: 2, heads: 4, dropout: 0 },
  small: { context: 64, size: 96, layers: 3, heads: 4, dropout: 0 },
  nano: nanoGptShakespeare,
};

/** Share of the text, at its end, that is not learned; windows of it that are measured. */
const heldShare = 0.1;
const heldWindows = 64;
/** Milliseconds between two samples, and their length. */
const sampleEvery = 4000;
const sampleLength = 120;

export const openWrite: OpenJob<WriteContract> = async ({ device, pacer, settings, payload, files, signal, emit }) => {
  const rng = new Rng(settings.seed);
  const decoder = new TextDecoder();
  const weights = files?.["model.safetensors"];
  const [config, tokenizer] = [files?.["config.json"], files?.["tokenizer.json"]];
  const alphabet = tokenizer ? Alphabet.fromTokenizerJson(decoder.decode(tokenizer)) : Alphabet.of(payload.text);
  if (alphabet.characters.length < 2)
    throw new DataError("Expected a text of several different characters, got one that says the same all along.");

  const make = (stream: Rng): Gpt2 =>
    config
      ? Gpt2.fromConfig(ModelConfig.parse(decoder.decode(config)), { rng: stream })
      : new Gpt2({ ...sizes[settings.size], vocabulary: alphabet.characters.length, rng: stream });
  const model = make(rng.fork("init"));
  const { vocabulary } = model.options;
  if (vocabulary !== alphabet.characters.length) {
    model[Symbol.dispose]();
    throw new DataError(`tokenizer.json: expected ${vocabulary} characters, as config.json says, got ${alphabet.characters.length}.`);
  }
  if (weights) loadHuggingFaceState(model, readTensors(weights, { file: "model.safetensors" }), { file: "model.safetensors" });
  const adapts = settings.rank > 0;
  if (adapts && !weights) throw new DataError("Expected a trained model to adapt, got none. Train one first.");
  // The model as it was, to compare with.
  const plain = adapts ? make(rng.fork("plain")) : undefined;
  if (plain) loadHuggingFaceState(plain, readTensors(weights!, { file: "model.safetensors" }));
  const lora = adapts ? await loraOf(model, { rank: settings.rank, files, rng: rng.fork("lora") }) : undefined;
  const together: Module = lora ? new Adapted(model, [lora]) : model;

  const ids = alphabet.encode(payload.text);
  const { context } = model.options;
  const learned = Math.floor(ids.length * (1 - heldShare));
  if (ids.length - learned <= context)
    throw new DataError(
      `Expected a text of at least ${Math.ceil((context + 1) / heldShare)} characters that the model knows, got ${ids.length}: it reads ${context + 1} at a time, and the last ${100 * heldShare} % of the text are held back.`,
    );
  const windows = windowsOf(ids.subarray(0, learned), context + 1);
  const held = windowsOf(ids.subarray(learned), context + 1);
  const measured = subset(
    held,
    Int32Array.from({ length: Math.min(heldWindows, held.length) }, (_, i) =>
      Math.floor((i * held.length) / Math.min(heldWindows, held.length)),
    ),
  );
  const { steps, learningRate, batchSize } = settings;
  const warmUp = Math.min(100, Math.ceil(steps / 10));
  const decay = schedules.cosine(learningRate, { steps: Math.max(1, steps - warmUp), end: learningRate / 10 });
  const optimizer = new AdamW(lora ? lora.trained() : decayGroups(model), {
    learningRate: schedules.warmUp(decay, { steps: warmUp }),
    beta2: 0.99,
    weightDecay: 0.1,
  });
  const saved = files?.["checkpoint.safetensors"];
  const resume = saved ? readFitCheckpoint(saved, { model: together, optimizer }) : undefined;
  const dropped = [...payload.text].length - ids.length;
  const trained = optimizer.groups.reduce((sum, { parameters }) => sum + parameters.reduce((own, { size }) => own + size, 0), 0);
  const { layers, heads } = model.options;
  emit({
    kind: "made",
    parameters: model.parameterCount,
    trained,
    characters: alphabet.characters.join(""),
    context,
    dropped,
    layers,
    heads,
  });

  const lossOf = (windows: Tensor, mode: Mode) => {
    const logits = model.forward({ ids: narrow(windows, 1, { start: 0, size: context }) }, mode); // [B, T, V]
    return tokenLoss(logits, narrow(windows, 1, { start: 1, size: context }));
  };

  /** Text that goes on from a prompt; beyond the context from the last half of it, again and again. */
  const write = async (
    of: Gpt2,
    { prompt, count, temperature, stream }: { prompt: string; count: number; temperature: number; stream: Rng },
  ): Promise<string> => {
    const text = [...alphabet.encode(prompt)];
    if (text.length === 0) text.push(0);
    const start = text.length;
    const sample = temperature > 0 ? { sample: { rng: stream, temperature } } : {};
    while (text.length - start < count && !signal.aborted) {
      const left = count - (text.length - start);
      const seen = text.length + left <= context ? text : text.slice(-Math.floor(context / 2));
      const [next] = await generate(of, [seen], { device, newTokens: Math.min(left, context - seen.length), endIds: [], ...sample });
      text.push(...next!.ids);
    }
    return alphabet.decode(text.slice(start));
  };

  const measure = async (step: number): Promise<void> => {
    const { loss } = await evaluate({
      device,
      dataset: measured,
      batchSize: 16,
      signal,
      step: ({ ids }) => ({ loss: lossOf(ids, inference) }),
    });
    emit({ kind: "held", step, loss: loss! });
  };
  const show = async (step: number): Promise<void> => {
    await measure(step);
    const text = await write(model, {
      prompt: "\n",
      count: sampleLength,
      temperature: 0.8,
      stream: new Rng(settings.seed).fork(`sample ${step}`),
    });
    emit({ kind: "sample", step, text });
  };

  let current: Run | undefined;
  let checkpoint = saved;
  let hasEnded = false;
  let lastShown = performance.now();
  let lastStep = performance.now();
  let rate = 0;
  const steering: Callback = {
    name: "studio",
    async onStart(run) {
      current = run;
      if (!run.isResumed) await show(0);
      lastStep = performance.now();
    },
    onStep(run, { step, metrics, batchSize: rows }) {
      const since = (1000 * rows * context) / Math.max(performance.now() - lastStep, 0.1);
      rate = rate === 0 ? since : 0.9 * rate + 0.1 * since;
      emit({ kind: "step", step, steps, loss: metrics.loss!, charactersPerSecond: rate });
      if (step >= steps) run.stop("finished");
    },
    async onPause(run, moment) {
      if (moment === "end") {
        checkpoint = await writeFitCheckpoint(run);
        return;
      }
      if (performance.now() - lastShown > sampleEvery) {
        await show(run.step);
        lastShown = performance.now();
      }
      await pacer.turn();
      lastStep = performance.now();
    },
  };

  const read = async (text: string): Promise<Reading> => {
    const seen = alphabet.encode(text).slice(-context);
    if (seen.length === 0) throw new DataError("Expected some characters that the model knows, got none.");
    const { maps, shares } = await device.compute(() => {
      const attentions: Tensor[] = [];
      const logits = model.forward({ ids: tensor(hostTensor(seen, [1, seen.length])) }, inference, { trace: { attentions } });
      return { maps: attentions, shares: softmax(narrow(logits, 1, { start: seen.length - 1, size: 1 })) };
    });
    const next = Array.from((shares as HostTensor).data, (share, id) => ({ character: alphabet.characters[id]!, share })).sort(
      (a, b) => b.share - a.share,
    );
    return {
      read: alphabet.decode([...seen]),
      attentions: (maps as HostTensor[]).map(({ data }) => data as Float32Array),
      next: next.slice(0, 8),
    };
  };

  return {
    async run() {
      if (resume && resume.state.step >= steps) {
        hasEnded = true;
        await show(resume.state.step);
        return "opened: this run had finished";
      }
      const { reason, steps: done } = await fit({
        ...{ device, model: together, optimizer, dataset: windows, batchSize, signal, clipNorm: 1 },
        // The steps end it: a pass over every window of a long text has more of them than anyone waits for.
        epochs: Math.ceil(steps / Math.max(1, Math.floor(windows.length / batchSize))) + 1,
        rng: rng.fork("fit"),
        step: ({ ids }, mode) => lossOf(ids, mode),
        callbacks: [new NanStop(), steering],
        ...(resume && { resume }),
      });
      hasEnded = true;
      if (!signal.aborted) await show(done);
      return reason;
    },
    async files(): Promise<RunFiles | undefined> {
      if (current && !hasEnded) checkpoint = await writeFitCheckpoint(current);
      const encoder = new TextEncoder();
      const { seed } = settings;
      // `dl evaluate` measures the first; `dl generate` writes with any.
      const recipe = settings.text === "shakespeare" && !adapts ? "gpt-shakespeare" : "studio-gpt";
      const run = {
        ...{ format: "dl-run-1", recipe, preset: "default" },
        settings: { epochs: 1, batchSize, learningRate, seed, limit: null, backend: "auto", threads: null },
        studio: { panel: "write", settings },
      };
      const state = await huggingFaceState(plain ?? model);
      for (const { data } of state.values()) if (!data.every(Number.isFinite)) return undefined;
      const adapter = lora && (await peftFiles(lora));
      return {
        "run.json": encoder.encode(`${JSON.stringify(run, null, 2)}\n`),
        "config.json": encoder.encode(`${JSON.stringify({ ...model.toConfig(), dtype: "float32" }, null, 2)}\n`),
        "tokenizer.json": encoder.encode(alphabet.toTokenizerJson()),
        "model.safetensors": writeSafetensors(state, { metadata: { format: "pt", reason: "studio" } }) as Uint8Array<ArrayBuffer>,
        ...(settings.text === "own" && { "text.txt": encoder.encode(payload.text) }),
        ...(adapter && {
          "adapter_config.json": encoder.encode(`${JSON.stringify(adapter.config, null, 2)}\n`),
          "adapter_model.safetensors": writeSafetensors(adapter.tensors, { metadata: { format: "pt" } }) as Uint8Array<ArrayBuffer>,
        }),
        ...(checkpoint && { "checkpoint.safetensors": checkpoint }),
      };
    },
    asks: {
      write: ({ prompt, count, temperature, seed, plain: without }) =>
        write((without && plain) || model, { prompt, count, temperature, stream: new Rng(seed).fork("write") }),
      read: ({ text }) => read(text),
    },
    async [Symbol.asyncDispose]() {
      optimizer[Symbol.dispose]();
      lora?.[Symbol.dispose]();
      plain?.[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
};

/** A new adapter, or the one in a run's files. */
async function loraOf(model: Gpt2, { rank, files, rng }: { rank: number; files: RunFiles | undefined; rng: Rng }): Promise<Lora> {
  const [config, tensors] = [files?.["adapter_config.json"], files?.["adapter_model.safetensors"]];
  if (!config || !tensors) return new Lora(model, { targets: ["attention.project", "attention.output"], rank, alpha: 2 * rank, rng });
  const [file, of] = ["adapter_model.safetensors", "adapter_config.json"];
  const parsed = ModelConfig.parse(new TextDecoder().decode(config), { file: of });
  const adapter = await loadPeft(model, { config: parsed, tensors: readTensors(tensors, { file }) }, { rng, file });
  if (adapter instanceof Lora && adapter.options.rank === rank) return adapter;
  throw new DataError(`${of}: expected the LoRA of rank ${rank} that run.json tells of, got another adapter.`);
}
