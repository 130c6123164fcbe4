/** Searches networks: each trial trains one for a moment and measures how right it is and how large. */

import { argmax, equal, hostTensor, mean, Rng } from "@dl/core";
import { arrayDataset, byteColumn, normalize } from "@dl/data";
import {
  type Journal,
  journalHead,
  nsga2,
  randomSearch,
  readJournal,
  regularizedEvolution,
  type SearchIdentity,
  search,
  type TrialRecord,
  type TrialTask,
} from "@dl/nas";
import { AdamW, crossEntropy, inference, schedules } from "@dl/nn";
import { evaluate, fit } from "@dl/train";
import type { LabelledBytes } from "../../data/shard-format.ts";
import { isDeviceLost } from "../../engine/device-lost.ts";
import type { OpenJob } from "../../engine/job.ts";
import { networkOfWords } from "../classify/networks.ts";
import type { EvolveContract } from "./contract.ts";
import { type NetworkChoice, networkSpace, wordsOf } from "./space.ts";

export const openEvolve: OpenJob<EvolveContract> = async ({ device, pacer, settings, payload, files, signal, emit }) => {
  const { shape } = payload;
  const classes = 10;
  const transform = normalize(payload.statistics);
  const datasetOf = ({ images, labels }: LabelledBytes) =>
    arrayDataset({ images: byteColumn(images, [labels.length, ...shape]), labels: hostTensor(Int32Array.from(labels), [labels.length]) });
  const [train, test] = [datasetOf(payload.train), datasetOf(payload.test)];
  const rng = new Rng(settings.seed).fork("strategy");
  const { population, trials, count, epochs } = settings;
  const strategy = {
    nsga2: () => nsga2(networkSpace, { population, rng }),
    ageing: () => regularizedEvolution(networkSpace, { population, sampleSize: Math.max(2, Math.ceil(population / 4)), rng }),
    random: () => randomSearch(networkSpace, { rng }),
  }[settings.strategy]();
  const journal = new MemoryJournal(files?.["journal.jsonl"]);
  // A device that is gone would fail every network from then on, and the journal would keep that.
  const end = new AbortController();
  let lost: unknown;

  /** Trains a network for a moment, and measures it. */
  const trial = async ({ value, number, seed }: TrialTask<NetworkChoice>) => {
    const layers = wordsOf(value);
    const stream = new Rng(seed);
    using model = networkOfWords(layers, { images: { shape, classes }, rng: stream.fork("init") });
    const steps = epochs * Math.ceil(count / 64);
    using optimizer = new AdamW(model.parameters(), {
      learningRate: schedules.cosine(value.learningRate, { steps }),
      weightDecay: 0.01,
    });
    await fit({
      ...{ device, model, optimizer, dataset: train, batchSize: 64, epochs, transform, signal },
      rng: stream.fork("fit"),
      step: ({ images, labels }, mode) => crossEntropy(model.forward(images, mode), labels),
      callbacks: [
        {
          name: "studio",
          async onPause(run) {
            emit({ kind: "training", number, layers, share: run.step / steps });
            await pacer.turn();
          },
        },
      ],
    });
    signal.throwIfAborted();
    const { accuracy } = await evaluate({
      ...{ device, dataset: test, transform, batchSize: 100, signal },
      step: ({ images, labels }) => ({ accuracy: mean(equal(argmax(model.forward(images, inference), -1), labels).cast("float32")) }),
    });
    // In powers of two: a hundred weights more or less are no difference.
    return { accuracy: accuracy!, size: Math.log2(model.parameterCount), parameters: model.parameterCount };
  };

  return {
    async run() {
      const { reason } = await search(networkSpace, {
        strategy,
        journal,
        signal: AbortSignal.any([signal, end.signal]),
        seed: settings.seed,
        // A network that cannot be built is no candidate: trying it again would not help.
        retries: 0,
        objectives: { accuracy: "maximize", ...(settings.strategy === "nsga2" && { size: "minimize" }) },
        limits: { trials },
        evaluate: (task) =>
          trial(task).catch((error: unknown) => {
            if (isDeviceLost(error)) {
              lost = error;
              end.abort();
            }
            throw error;
          }),
        onTrial({ number, parents, candidate, measurements, seconds, remembered }) {
          const { accuracy = Number.NaN, parameters = Number.NaN } = measurements ?? {};
          const layers = wordsOf(candidate.value);
          emit({
            kind: "trial",
            number,
            parents,
            layers,
            learningRate: candidate.value.learningRate,
            accuracy,
            parameters,
            seconds,
            remembered,
          });
        },
      });
      if (lost !== undefined) throw lost;
      return reason === "limit" ? "finished" : reason;
    },
    async files() {
      const run = { format: "dl-run-1", recipe: "studio-search", preset: "default", studio: { panel: "evolve", settings } };
      const encoder = new TextEncoder();
      return { "run.json": encoder.encode(`${JSON.stringify(run, null, 2)}\n`), "journal.jsonl": encoder.encode(journal.text) };
    },
    asks: {},
    async [Symbol.asyncDispose]() {},
  };
};

/** The journal as `journalFile` of @dl/nas/node keeps it, in memory. */
class MemoryJournal implements Journal {
  readonly #before: string;
  #lines: string[] = [];

  constructor(bytes: Uint8Array | undefined) {
    this.#before = new TextDecoder().decode(bytes);
  }

  /** As it was given until the search has begun. */
  get text(): string {
    return this.#lines.length === 0 ? this.#before : this.#lines.map((line) => `${line}\n`).join("");
  }

  async open(identity: SearchIdentity): Promise<readonly TrialRecord[]> {
    const records = readJournal(this.#before, { identity, file: "journal.jsonl" });
    this.#lines = [journalHead(identity), ...records.map((record) => JSON.stringify(record))];
    return records;
  }

  async append(record: TrialRecord): Promise<void> {
    this.#lines.push(JSON.stringify(record));
  }
}
