/** The search as the page knows it. */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { readImages, readIndex } from "../../data/read-shards.ts";
import { imageSetOf } from "../../data/shard-format.ts";
import { Engine } from "../../engine/engine.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import { type Settings, settingsOf } from "../../settings/settings.ts";
import { deviceChoice } from "../../shell/device-choice.ts";
import { showError } from "../../shell/notice.ts";
import { RunAtHand } from "../../storage/run-at-hand.ts";
import type { RunEntry } from "../../storage/run-store.ts";
import { percent } from "../../widgets/reading.tsx";
import type { EvolveContract, EvolveEvent, EvolveSettings, TrialEvent } from "./contract.ts";
import { readEvolveRun } from "./run-json.ts";
import { type EvolveForm, evolveSchema } from "./schema.ts";

/** Test images each network is measured on. */
const testCount = 500;

export const settings: Settings<EvolveForm> = settingsOf("evolve", evolveSchema);

export const trials: Signal<readonly TrialEvent[]> = signal([]);
export const training: Signal<Extract<EvolveEvent, { kind: "training" }> | undefined> = signal(undefined);
export const loading: Signal<string> = signal("");
/** The trial that is looked at. */
export const picked: Signal<number | undefined> = signal(undefined);

/** Trials that no other beats in both accuracy and size, from small to large. */
export const front: ReadonlySignal<readonly TrialEvent[]> = computed(() => {
  const done = trials.value
    .filter(({ accuracy, remembered }) => !Number.isNaN(accuracy) && !remembered)
    .toSorted((a, b) => a.parameters - b.parameters || b.accuracy - a.accuracy);
  let best = Number.NEGATIVE_INFINITY;
  return done.filter(({ accuracy }) => {
    if (accuracy <= best) return false;
    best = accuracy;
    return true;
  });
});

export const best: ReadonlySignal<TrialEvent | undefined> = computed(() => front.value.at(-1));

const run = new RunAtHand<EvolveSettings>({
  panel: "evolve",
  outcome: () => `${trials.peek().length} networks, best ${percent(best.peek()?.accuracy)}`,
  fileName: ({ strategy, seed }) => `search-${strategy}-seed${seed}`,
});

export const engine: Engine<EvolveContract> = new Engine<EvolveContract>({ job: "evolve", onEvents: hear, onFiles: run.keep });

function hear(events: readonly EvolveEvent[]): void {
  batch(() => {
    for (const event of events) {
      if (event.kind === "training") training.value = event;
      // A search that goes on after its device was lost tells its journal again.
      else trials.value = [...trials.peek().filter(({ number }) => number !== event.number), event];
    }
  });
}

export function forget(): void {
  batch(() => {
    trials.value = [];
    training.value = undefined;
    picked.value = undefined;
    run.forget();
  });
}

export async function start(files?: RunFiles, given?: EvolveSettings, entry?: RunEntry): Promise<void> {
  const chosen: EvolveSettings = given ?? settings.values.peek();
  try {
    loading.value = "Fetching the images …";
    const set = imageSetOf(await readIndex(), chosen.set);
    const train = await readImages(set, { split: "train", count: chosen.count });
    const test = await readImages(set, { split: "test", count: testCount });
    forget();
    const name = evolveSchema.strategy.options.find(({ value }) => value === chosen.strategy)!.label;
    run.begin(chosen, { title: `${name} on ${set.title}`, entry });
    loading.value = "";
    const { title, shape, statistics } = set;
    // Networks this small gain nothing from a graphics card's queue.
    const device = deviceChoice.peek() === "auto" ? "wasm" : deviceChoice.peek();
    await engine.start({ settings: chosen, payload: { title, shape, statistics, train, test }, files, device });
  } catch (error) {
    loading.value = "";
    showError(error);
  }
}

export async function open(files: RunFiles, entry: RunEntry | undefined): Promise<void> {
  const given = readEvolveRun(files);
  settings.change(given);
  await start(files, given, entry);
}

export function currentRun(): { readonly name: string; readonly files: RunFiles } | undefined {
  return run.named(engine.files);
}
