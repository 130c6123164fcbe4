/** The generator's training as the page knows it. */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { CurveLine } from "../../charts/curve.tsx";
import { GrowingLine, Redraw, smoothed } from "../../charts/grow.ts";
import { readImages, readIndex } from "../../data/read-shards.ts";
import { imageSetOf } from "../../data/shard-format.ts";
import { Engine } from "../../engine/engine.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import { type Settings, settingsOf } from "../../settings/settings.ts";
import { deviceChoice } from "../../shell/device-choice.ts";
import { showError } from "../../shell/notice.ts";
import { RunAtHand } from "../../storage/run-at-hand.ts";
import type { RunEntry } from "../../storage/run-store.ts";
import type { GenerateContract, GenerateEvent, GenerateSettings } from "./contract.ts";
import { readGenerateRun } from "./run-json.ts";
import { type GenerateForm, generateSchema } from "./schema.ts";

export const settings: Settings<GenerateForm> = settingsOf("generate", generateSchema);

/** One grid of the same latents. */
export interface Grid {
  readonly step: number;
  readonly pictures: Uint8Array;
}

/** Grids kept for looking back: beyond them every second one goes. */
const mostGrids = 80;

export const made: Signal<Extract<GenerateEvent, { kind: "made" }> | undefined> = signal(undefined);
export const latest: Signal<Extract<GenerateEvent, { kind: "step" }> | undefined> = signal(undefined);
export const grids: Signal<readonly Grid[]> = signal([]);
export const warnings: Signal<readonly string[]> = signal([]);
export const loading: Signal<string> = signal("");
/** Smoothed readings, for gauges. */
export const gauges: Signal<Readonly<Record<string, number>>> = signal({});

/** Whether one network takes noise away, rather than two playing against each other. */
export const drawsFromNoise: ReadonlySignal<boolean> = computed(() => (made.value ?? settings.values.value).method === "ddpm");

const generatorLoss = new GrowingLine();
const criticLoss = new GrowingLine();
const drawn = new Redraw();

export const lossLines: ReadonlySignal<readonly CurveLine[]> = computed(() => {
  void drawn.count.value;
  if (drawsFromNoise.value) return [{ label: "noise left", colour: "--accent", x: generatorLoss.x, y: smoothed(generatorLoss.y) }];
  return [
    { label: "generator", colour: "--accent", x: generatorLoss.x, y: smoothed(generatorLoss.y) },
    { label: "critic", colour: "--second", x: criticLoss.x, y: smoothed(criticLoss.y) },
  ];
});

const run = new RunAtHand<GenerateSettings>({
  panel: "generate",
  lines: [generatorLoss, criticLoss],
  outcome(before) {
    const step = latest.peek()?.step;
    return step === undefined && before !== undefined ? before : `step ${step ?? grids.peek().at(-1)?.step ?? 0}`;
  },
  fileName: ({ method, set, seed }) => `${method}-${set}-seed${seed}`,
});

export const engine: Engine<GenerateContract> = new Engine<GenerateContract>({ job: "generate", onEvents: hear, onFiles: run.keep });

function hear(events: readonly GenerateEvent[]): void {
  batch(() => {
    for (const event of events) {
      switch (event.kind) {
        case "made":
          made.value = event;
          break;
        case "step":
          latest.value = event;
          generatorLoss.push(event.step, event.metrics.generatorLoss ?? event.metrics.loss ?? Number.NaN);
          criticLoss.push(event.step, event.metrics.discriminatorLoss ?? Number.NaN);
          gauges.value = { ...gauges.peek(), ...blended(gauges.peek(), event.metrics) };
          break;
        case "grid": {
          const all = [...grids.peek().filter(({ step }) => step !== event.step), { step: event.step, pictures: event.pictures }];
          if (event.readings) gauges.value = { ...gauges.peek(), ...event.readings };
          grids.value = all.length > mostGrids ? all.filter((_, i) => i % 2 === 0 || i === all.length - 1) : all;
          break;
        }
        case "warning":
          warnings.value = [...warnings.peek(), event.text].slice(-3);
          break;
        default:
          event satisfies never;
      }
    }
    drawn.ask();
  });
}

function blended(before: Readonly<Record<string, number>>, now: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now)
      .filter(([, value]) => Number.isFinite(value))
      .map(([name, value]) => [name, before[name] === undefined ? value : 0.9 * before[name] + 0.1 * value]),
  );
}

export function forget(): void {
  batch(() => {
    run.forget();
    made.value = undefined;
    latest.value = undefined;
    grids.value = [];
    warnings.value = [];
    gauges.value = {};
    drawn.ask();
  });
}

export async function start(files?: RunFiles, given?: GenerateSettings, entry?: RunEntry): Promise<void> {
  const chosen: GenerateSettings = given ?? settings.values.peek();
  try {
    loading.value = "Fetching the images …";
    const set = imageSetOf(await readIndex(), chosen.set);
    const train = await readImages(set, {
      split: "train",
      count: chosen.count,
      onProgress: (share) => (loading.value = `Fetching ${set.title} … ${Math.round(100 * share)} %`),
    });
    forget();
    const method = generateSchema.method.options.find(({ value }) => value === chosen.method)!.label;
    run.begin(chosen, { title: `${method} on ${set.title}`, entry });
    loading.value = "";
    await engine.start({ settings: chosen, payload: { title: set.title, train }, files, device: deviceChoice.peek() });
  } catch (error) {
    loading.value = "";
    showError(error);
  }
}

/** Opens a run of this panel, or one of `dl train dcgan-mnist`, `wgan-gp-mnist` or `ddpm-mnist`. */
export async function open(files: RunFiles, entry: RunEntry | undefined): Promise<void> {
  const { settings: given, usable } = readGenerateRun(files);
  settings.change(given);
  await start(usable, given, entry);
}

export function currentRun(): { readonly name: string; readonly files: RunFiles } | undefined {
  return run.named(engine.files);
}
