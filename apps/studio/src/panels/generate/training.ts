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
import { place } from "../../shell/place.ts";
import { keepRun, type RunEntry } from "../../storage/run-store.ts";
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

let running: { readonly settings: GenerateSettings; readonly id: string; readonly title: string; readonly query: string } | undefined;

export const engine: Engine<GenerateContract> = new Engine<GenerateContract>({ job: "generate", onEvents: hear, onFiles: keep });

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

function keep(files: RunFiles): void {
  if (!running) return;
  const { id, title, query } = running;
  const curves = [generatorLoss, criticLoss].map((line) => line.points);
  const outcome = `step ${latest.peek()?.step ?? grids.peek().at(-1)?.step ?? 0}`;
  keepRun({ id, panel: "generate", title, outcome, savedAt: Date.now(), query, curves }, files).catch(showError);
}

export function forget(): void {
  batch(() => {
    generatorLoss.clear();
    criticLoss.clear();
    made.value = undefined;
    latest.value = undefined;
    grids.value = [];
    warnings.value = [];
    gauges.value = {};
    drawn.ask();
  });
  running = undefined;
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
    running = {
      settings: chosen,
      id: entry?.id ?? `generate-${Date.now()}`,
      title: `${method} on ${set.title}`,
      query: place.peek().query,
    };
    const curves = entry?.curves as { x: number[]; y: number[] }[] | undefined;
    if (curves?.[0]) generatorLoss.points = curves[0];
    if (curves?.[1]) criticLoss.points = curves[1];
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
  if (!engine.files || !running) return undefined;
  const { method, set, seed } = running.settings;
  return { name: `${method}-${set}-seed${seed}`, files: engine.files };
}
