/** The language model's training as the page knows it. */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { CurveLine } from "../../charts/curve.tsx";
import { GrowingLine, Redraw, smoothed } from "../../charts/grow.ts";
import { readIndex, readShard } from "../../data/read-shards.ts";
import { Engine } from "../../engine/engine.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import { type Settings, settingsOf } from "../../settings/settings.ts";
import { deviceChoice } from "../../shell/device-choice.ts";
import { showError } from "../../shell/notice.ts";
import { place } from "../../shell/place.ts";
import { keepRun, type RunEntry } from "../../storage/run-store.ts";
import type { WriteContract, WriteEvent, WritePayload, WriteSettings } from "./contract.ts";
import { readWriteRun } from "./run-json.ts";
import { type WriteForm, writeSchema } from "./schema.ts";

export const settings: Settings<WriteForm> = settingsOf("write", writeSchema);

export type Made = Extract<WriteEvent, { kind: "made" }>;

export const made: Signal<Made | undefined> = signal(undefined);
export const latest: Signal<Extract<WriteEvent, { kind: "step" }> | undefined> = signal(undefined);
export const heldLoss: Signal<number | undefined> = signal(undefined);
/** The newest last. */
export const samples: Signal<readonly { readonly step: number; readonly text: string }[]> = signal([]);
export const loading: Signal<string> = signal("");
/** The user's own text. */
export const ownText: Signal<string> = signal("");
/** Whether the run at hand adapts a model to a second text. */
export const adapts: Signal<boolean> = signal(false);

const trainLoss = new GrowingLine();
const testLoss = new GrowingLine();
const drawn = new Redraw();

export const lossLines: ReadonlySignal<readonly CurveLine[]> = computed(() => {
  void drawn.count.value;
  return [
    { label: "training", colour: "--accent", x: trainLoss.x, y: smoothed(trainLoss.y) },
    { label: "text held back", colour: "--second", x: testLoss.x, y: testLoss.y, dots: true },
  ];
});

/** Samples kept for looking back. */
const mostSamples = 40;

let running:
  | {
      readonly settings: WriteSettings;
      readonly payload: WritePayload;
      readonly id: string;
      readonly title: string;
      readonly query: string;
    }
  | undefined;

export const engine: Engine<WriteContract> = new Engine<WriteContract>({ job: "write", onEvents: hear, onFiles: keep });

function hear(events: readonly WriteEvent[]): void {
  batch(() => {
    for (const event of events) {
      switch (event.kind) {
        case "made":
          made.value = event;
          break;
        case "step":
          latest.value = event;
          trainLoss.push(event.step, event.loss);
          break;
        case "held":
          heldLoss.value = event.loss;
          testLoss.push(event.step, event.loss);
          break;
        case "sample":
          samples.value = [...samples.peek(), event].slice(-mostSamples);
          break;
        default:
          event satisfies never;
      }
    }
    drawn.ask();
  });
}

function keep(files: RunFiles): void {
  if (!running) return;
  const { id, title, query } = running;
  const loss = heldLoss.peek();
  const outcome = `${loss === undefined ? "" : `loss ${loss.toFixed(2)}, `}step ${latest.peek()?.step ?? 0}`;
  keepRun(
    { id, panel: "write", title, outcome, savedAt: Date.now(), query, curves: [trainLoss, testLoss].map((line) => line.points) },
    files,
  ).catch(showError);
}

export function forget(): void {
  batch(() => {
    trainLoss.clear();
    testLoss.clear();
    made.value = undefined;
    latest.value = undefined;
    heldLoss.value = undefined;
    samples.value = [];
    adapts.value = false;
    drawn.ask();
  });
  running = undefined;
}

function titleOf({ size, rank }: WriteSettings, { title }: WritePayload): string {
  if (rank > 0) return `LoRA of rank ${rank} on ${title}`;
  return `${writeSchema.size.options.find(({ value }) => value === size)!.label} GPT on ${title}`;
}

async function payloadOf({ text, rank }: WriteSettings, files: RunFiles | undefined): Promise<WritePayload> {
  if (text === "own") {
    const own = files?.["text.txt"] ? new TextDecoder().decode(files["text.txt"]) : ownText.peek();
    if (own.length < 500) throw new Error(`Paste a text first: a few thousand characters at least, got ${own.length}.`);
    return { title: rank > 0 ? "a second text" : "your text", text: own };
  }
  const { texts, missing } = await readIndex();
  const set = texts.shakespeare;
  if (!set) throw new Error(`This studio was built without the text: ${missing.shakespeare ?? "it is unknown"}.`);
  loading.value = `Fetching ${set.title} …`;
  return { title: set.title, text: new TextDecoder().decode(await readShard(set.shard)) };
}

export async function start(files?: RunFiles, given?: WriteSettings, entry?: RunEntry): Promise<void> {
  const chosen: WriteSettings = given ?? { ...settings.values.peek(), rank: 0 };
  try {
    const payload = await payloadOf(chosen, files);
    forget();
    adapts.value = chosen.rank > 0;
    running = {
      ...{ settings: chosen, payload, id: entry?.id ?? `write-${Date.now()}` },
      title: titleOf(chosen, payload),
      query: place.peek().query,
    };
    const curves = entry?.curves as { x: number[]; y: number[] }[] | undefined;
    if (curves?.[0]) trainLoss.points = curves[0];
    if (curves?.[1]) testLoss.points = curves[1];
    loading.value = "";
    await engine.start({ settings: chosen, payload, files, device: deviceChoice.peek() });
  } catch (error) {
    loading.value = "";
    showError(error);
  }
}

/** Adapts the model at hand to a second text: its own weights stay as they are. */
export async function adapt(text: string, { rank, steps }: { rank: number; steps: number }): Promise<void> {
  const base = engine.files;
  const before = running?.settings;
  if (!base || !before) {
    showError(new Error("Train a model first, and pause it or let it finish."));
    return;
  }
  const chosen: WriteSettings = { ...before, text: "own", steps, learningRate: 0.01, rank };
  const payload: WritePayload = { title: "a second text", text };
  forget();
  adapts.value = true;
  running = { settings: chosen, payload, id: `write-${Date.now()}`, title: titleOf(chosen, payload), query: place.peek().query };
  // Only the weights: the adapter's training begins anew.
  const files = Object.fromEntries(
    Object.entries(base).filter(([name]) => ["run.json", "config.json", "tokenizer.json", "model.safetensors"].includes(name)),
  );
  await engine.start({ settings: chosen, payload, files, device: deviceChoice.peek() });
}

/** Opens a run of this panel, or one of `dl train gpt-shakespeare`. */
export async function open(files: RunFiles, entry: RunEntry | undefined): Promise<void> {
  const { settings: given, usable } = readWriteRun(files, settings.values.peek());
  const { text, size, steps, batchSize, learningRate, seed } = given;
  settings.change({ text, size, steps, batchSize, learningRate, seed });
  await start(usable, given, entry);
}

export function currentRun(): { readonly name: string; readonly files: RunFiles } | undefined {
  return engine.files && running ? { name: `gpt-${running.settings.size}-seed${running.settings.seed}`, files: engine.files } : undefined;
}
