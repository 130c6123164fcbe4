/** Trains a GAN as `dl train` does, draws the same latents again and again, and walks between latents. */

import { hostTensor, Rng, type Tensor } from "@dl/core";
import { arrayDataset, byteColumn, normalize } from "@dl/data";
import { drawLatents, fitGan, GanAlarm, GanPair, generateExamples, interpolateLatents } from "@dl/gan";
import { loadState, readState, readTensors, WeightAverage, writeSafetensors } from "@dl/nn";
import type { Callback, Run } from "@dl/train";
import { readFitCheckpoint, writeFitCheckpoint } from "../../engine/fit-checkpoint.ts";
import type { OpenJob } from "../../engine/job.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import { type GenerateContract, gridCount, pictureSize } from "./contract.ts";
import { latentSize, playersOf } from "./players.ts";

/** Milliseconds between two grids. */
const gridEvery = 1500;

export const openGenerate: OpenJob<GenerateContract> = async ({ device, pacer, settings, payload, files, signal, emit }) => {
  const rng = new Rng(settings.seed);
  const { images, labels } = payload.train;
  const dataset = arrayDataset({
    images: byteColumn(images, [labels.length, pictureSize, pictureSize, 1]),
    labels: hostTensor(Int32Array.from(labels), [labels.length]),
  });
  const { generator, discriminator, optimizers, rules, averageDecay, recipe } = playersOf(settings, rng);
  const average = new WeightAverage(generator, { decay: averageDecay });
  const model = new GanPair(generator, discriminator);
  const saved = files?.["checkpoint.safetensors"];
  const resume = saved ? readFitCheckpoint(saved, { model, optimizer: optimizers.generator }) : undefined;
  const isFinished = resume !== undefined && resume.state.epoch >= settings.epochs;
  if (files?.["model.safetensors"] && (!resume || isFinished)) {
    loadState(generator, readTensors(files["model.safetensors"], { file: "model.safetensors" }));
  }
  const stepsPerEpoch = Math.floor(labels.length / settings.batchSize);
  emit({
    kind: "made",
    parameters: { generator: generator.parameterCount, critic: discriminator.parameterCount },
    steps: settings.epochs * stepsPerEpoch,
    stepsPerEpoch,
  });
  const latents = drawLatents(gridCount, { size: latentSize, rng: rng.fork("grid") });
  let current: Run | undefined;
  let checkpoint = saved;
  let hasEnded = false;

  const pictures = async (of: typeof latents): Promise<Uint8Array> => {
    const { data } = await generateExamples({
      device,
      latents: of,
      generate: (z: Tensor, { mode }) => generator.forward(z, mode),
      batchSize: 32,
      signal,
    });
    // From tanh's range to bytes.
    return Uint8Array.from(data, (value) => Math.round(127.5 * (value + 1)));
  };

  /** With the average of the generator's weights, which draws better than the weights at hand. */
  const averaged = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!current || hasEnded || current.step === 0) return await work();
    await device.compute(() => average.swap());
    try {
      return await work();
    } finally {
      await device.compute(() => average.swap());
    }
  };

  let lastGrid = Number.NEGATIVE_INFINITY;
  let lastStep = performance.now();
  let rate = 0;
  const steering: Callback = {
    name: "studio",
    async onStart(run) {
      current = run;
      if (run.step === 0) emit({ kind: "grid", step: 0, pictures: await pictures(latents) });
    },
    onStep(_, { step, batchSize, metrics }) {
      const now = performance.now();
      const since = (1000 * batchSize) / Math.max(now - lastStep, 0.1);
      rate = rate === 0 ? since : 0.9 * rate + 0.1 * since;
      emit({ kind: "step", step, metrics, imagesPerSecond: rate });
    },
    async onPause(run, moment) {
      if (moment === "end") {
        checkpoint = await writeFitCheckpoint(run);
        return;
      }
      if (performance.now() - lastGrid > gridEvery) {
        emit({ kind: "grid", step: run.step, pictures: await averaged(() => pictures(latents)) });
        lastGrid = performance.now();
      }
      await pacer.turn();
      lastStep = performance.now();
    },
  };

  return {
    async run() {
      if (files && (!resume || isFinished)) {
        hasEnded = true;
        emit({ kind: "grid", step: resume?.state.step ?? 0, pictures: await pictures(latents) });
        return "opened: this run had finished";
      }
      const half = { mean: [0.5], standardDeviation: [0.5] };
      const { reason, steps } = await fitGan({
        ...{ device, generator, discriminator, optimizers, dataset, signal, average, ...rules },
        latent: latentSize,
        batchSize: settings.batchSize,
        epochs: settings.epochs,
        rng: rng.fork("fit"),
        transform: normalize(half),
        callbacks: [new GanAlarm({ onWarning: ({ message }) => emit({ kind: "warning", text: message }) }), steering],
        ...(resume && { resume }),
      });
      hasEnded = true;
      if (!signal.aborted) emit({ kind: "grid", step: steps, pictures: await pictures(latents) });
      return reason;
    },
    async files(): Promise<RunFiles | undefined> {
      if (!current && !files) return undefined;
      if (current && !hasEnded) checkpoint = await writeFitCheckpoint(current);
      const state = await averaged(() => readState(generator));
      for (const { data } of state.values()) if (!data.every(Number.isFinite)) return undefined;
      const { seed, epochs, batchSize, learningRate, count } = settings;
      const run = {
        format: "dl-run-1",
        recipe: recipe ?? `studio-${settings.method}-${settings.set}-${settings.size}`,
        preset: "default",
        settings: { epochs, batchSize, learningRate, seed, limit: count, backend: "auto", threads: null },
        studio: { panel: "generate", settings },
      };
      return {
        "run.json": new TextEncoder().encode(`${JSON.stringify(run, null, 2)}\n`),
        "model.safetensors": writeSafetensors(state, { metadata: { reason: "studio" } }) as Uint8Array<ArrayBuffer>,
        ...(checkpoint && { "checkpoint.safetensors": checkpoint }),
      };
    },
    asks: {
      walk: ({ from, to, steps }) => {
        const end = (seed: number) => {
          const { data } = drawLatents(1, { size: latentSize, rng: new Rng(seed).fork("walk") });
          return hostTensor(data as Float32Array, [latentSize]);
        };
        return averaged(() => pictures(interpolateLatents(end(from), end(to), { steps })));
      },
    },
    async [Symbol.asyncDispose]() {
      average[Symbol.dispose]();
      optimizers.generator[Symbol.dispose]();
      optimizers.discriminator[Symbol.dispose]();
      generator[Symbol.dispose]();
      discriminator[Symbol.dispose]();
    },
  };
};
