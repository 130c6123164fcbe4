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
import { RunAtHand } from "../../storage/run-at-hand.ts";
import type { RunEntry } from "../../storage/run-store.ts";
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

const run = new RunAtHand<WriteSettings>({
  panel: "write",
  lines: [trainLoss, testLoss],
  outcome(before) {
    const loss = heldLoss.peek();
    if (!latest.peek() && before !== undefined) return before;
    return `${loss === undefined ? "" : `loss ${loss.toFixed(2)}, `}step ${latest.peek()?.step ?? 0}`;
  },
  fileName: ({ size, seed }) => `gpt-${size}-seed${seed}`,
});

export const engine: Engine<WriteContract> = new Engine<WriteContract>({ job: "write", onEvents: hear, onFiles: run.keep });

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

export function forget(): void {
  batch(() => {
    run.forget();
    made.value = undefined;
    latest.value = undefined;
    heldLoss.value = undefined;
    samples.value = [];
    adapts.value = false;
    drawn.ask();
  });
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
    run.begin(chosen, { title: titleOf(chosen, payload), entry });
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
  const before = run.settings;
  if (!base || !before) {
    showError(new Error("Train a model first, and pause it or let it finish."));
    return;
  }
  const chosen: WriteSettings = { ...before, text: "own", steps, learningRate: 0.01, rank };
  const payload: WritePayload = { title: "a second text", text };
  forget();
  adapts.value = true;
  run.begin(chosen, { title: titleOf(chosen, payload) });
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
  return run.named(engine.files);
}
