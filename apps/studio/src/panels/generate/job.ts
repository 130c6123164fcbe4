/** Trains an artist as `dl train` does, has it draw the same latents again and again, and walks between latents. */

import { type HostTensor, hostTensor, Rng } from "@dl/core";
import { arrayDataset, byteColumn, normalize } from "@dl/data";
import { drawLatents, interpolateLatents } from "@dl/gan";
import { loadState, readState, readTensors, writeSafetensors } from "@dl/nn";
import type { Callback, Run } from "@dl/train";
import { readFitCheckpoint, writeFitCheckpoint } from "../../engine/fit-checkpoint.ts";
import type { OpenJob } from "../../engine/job.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import type { Artist } from "./artist.ts";
import { type GenerateContract, gridCount, pictureSize } from "./contract.ts";
import { denoiserOf } from "./denoiser.ts";
import { playersOf } from "./players.ts";
import { writeGenerateRun } from "./run-json.ts";

/** Least milliseconds between two grids; what a grid costs is at most a quarter of what is trained meanwhile. */
const gridEvery = 1500;
const gridShare = 0.25;

export const openGenerate: OpenJob<GenerateContract> = async ({ device, pacer, settings, payload, files, signal, emit }) => {
  const rng = new Rng(settings.seed);
  const { images, labels } = payload.train;
  const dataset = arrayDataset({
    images: byteColumn(images, [labels.length, pictureSize, pictureSize, 1]),
    labels: hostTensor(Int32Array.from(labels), [labels.length]),
  });
  const transform = normalize({ mean: [0.5], standardDeviation: [0.5] });
  const context = { device, settings, dataset, transform, rng, signal, emit };
  const artist: Artist = settings.method === "ddpm" ? denoiserOf(context) : playersOf(settings.method, context);
  const { model, generator, optimizer, average, latentSize, stepsPerEpoch } = artist;
  const saved = files?.["checkpoint.safetensors"];
  const resume = saved ? readFitCheckpoint(saved, { model, optimizer }) : undefined;
  const isFinished = resume !== undefined && resume.state.epoch >= settings.epochs;
  if (files?.["model.safetensors"] && (!resume || isFinished)) {
    loadState(generator, readTensors(files["model.safetensors"], { file: "model.safetensors" }));
  }
  emit({
    kind: "made",
    method: settings.method,
    parameters: { generator: generator.parameterCount, critic: artist.criticParameters },
    steps: settings.epochs * stepsPerEpoch,
    stepsPerEpoch,
  });
  const latents = drawLatents(gridCount, { size: latentSize, rng: rng.fork("grid") });
  let current: Run | undefined;
  let checkpoint = saved;
  let hasEnded = false;

  /** From tanh's range to bytes. */
  const bytesOf = ({ data }: HostTensor): Uint8Array => Uint8Array.from(data, (value) => Math.round(127.5 * (value + 1)));
  const show = async (step: number, { isHurried }: { isHurried: boolean }): Promise<void> => {
    const drawn = await artist.draw(latents, { isHurried });
    const readings = await artist.judge?.(drawn);
    emit({ kind: "grid", step, pictures: bytesOf(drawn), ...(readings && { readings }) });
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

  let nextGrid = Number.NEGATIVE_INFINITY;
  let lastStep = performance.now();
  let rate = 0;
  const steering: Callback = {
    name: "studio",
    async onStart(run) {
      current = run;
      if (run.step === 0) await show(0, { isHurried: true });
      lastStep = performance.now();
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
      if (performance.now() > nextGrid && !signal.aborted) {
        const start = performance.now();
        await averaged(() => show(run.step, { isHurried: true }));
        nextGrid = performance.now() + Math.max(gridEvery, (performance.now() - start) / gridShare);
      }
      await pacer.turn();
      lastStep = performance.now();
    },
  };

  return {
    async run() {
      if (files && (!resume || isFinished)) {
        hasEnded = true;
        await show(resume?.state.step ?? 0, { isHurried: false });
        return "opened: this run had finished";
      }
      const { reason, steps } = await artist.fit({ callbacks: [steering], resume });
      hasEnded = true;
      if (!signal.aborted) await show(steps, { isHurried: false });
      return reason;
    },
    async files(): Promise<RunFiles | undefined> {
      if (!current && !files) return undefined;
      if (current && !hasEnded) checkpoint = await writeFitCheckpoint(current);
      const state = await averaged(() => readState(generator));
      for (const { data } of state.values()) if (!data.every(Number.isFinite)) return undefined;
      return {
        "run.json": writeGenerateRun(settings, artist.recipe),
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
        const way = interpolateLatents(end(from), end(to), { steps });
        return averaged(async () => bytesOf(await artist.draw(way, { isHurried: !hasEnded })));
      },
    },
    async [Symbol.asyncDispose]() {
      artist[Symbol.dispose]();
    },
  };
};
