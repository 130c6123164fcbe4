/** The agent's training as the page knows it. */

import type { Drawing } from "@dl/rl";
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { CurveLine } from "../../charts/curve.tsx";
import { GrowingLine, Redraw } from "../../charts/grow.ts";
import { Engine } from "../../engine/engine.ts";
import type { DeviceChoice, RunFiles } from "../../engine/protocol.ts";
import { type Settings, settingsOf } from "../../settings/settings.ts";
import { deviceChoice } from "../../shell/device-choice.ts";
import { RunAtHand } from "../../storage/run-at-hand.ts";
import type { RunEntry } from "../../storage/run-store.ts";
import { short } from "../../widgets/reading.tsx";
import type { PlayContract, PlayEvent, PlaySettings, TaskName } from "./contract.ts";
import { readPlayRun } from "./run-json.ts";
import { type PlayForm, playSchema } from "./schema.ts";

export const settings: Settings<PlayForm> = settingsOf("play", playSchema);

/** Steps after which each task is learned. */
export const suggestedSteps: Readonly<Record<TaskName, number>> = {
  "ppo-cartpole": 100_000,
  "dqn-cartpole": 50_000,
  "a2c-cartpole": 200_000,
  "sac-pendulum": 20_000,
  "ppo-pendulum": 100_000,
  "ppo-acrobot": 300_000,
};

export type Log = Extract<PlayEvent, { kind: "log" }>;
export type Maps = Extract<PlayEvent, { kind: "maps" }>;

export const log: Signal<Log | undefined> = signal(undefined);
export const maps: Signal<Maps | undefined> = signal(undefined);
/** The episode to show next. */
export const episode: Signal<{ readonly frames: readonly Drawing[]; readonly sum: number; readonly steps: number } | undefined> =
  signal(undefined);
/** The task that is being trained, which may differ from the form's. */
export const task: Signal<TaskName> = signal(settings.values.peek().task);

const returns = new GrowingLine();
const entropy = new GrowingLine();
const explained = new GrowingLine();
const drawn = new Redraw();

export const returnLines: ReadonlySignal<readonly CurveLine[]> = computed(() => {
  void drawn.count.value;
  const goal = log.peek()?.goal;
  const first = returns.x[0];
  return [
    { label: "mean of the last 100 episodes", colour: "--accent", x: returns.x, y: returns.y },
    ...(goal === undefined || first === undefined
      ? []
      : [{ label: "goal", colour: "--third", x: [first, returns.x.at(-1)!], y: [goal, goal] }]),
  ];
});
export const insideLines: ReadonlySignal<readonly CurveLine[]> = computed(() => {
  void drawn.count.value;
  const lines = [
    { label: "entropy of the policy", colour: "--accent", x: entropy.x, y: entropy.y },
    { label: "explained by the critic", colour: "--second", x: explained.x, y: explained.y },
  ];
  return lines.filter(({ x }) => x.length > 0);
});

const run = new RunAtHand<PlaySettings>({
  panel: "play",
  lines: [returns],
  outcome(before) {
    const now = log.peek();
    return now ? `return ${short(now.meanReturn)} after ${short(now.steps)} steps` : (before ?? "not trained here");
  },
  fileName: ({ task, seed }) => `${task}-seed${seed}`,
});

export const engine: Engine<PlayContract> = new Engine<PlayContract>({ job: "play", onEvents: hear, onFiles: run.keep });

function hear(events: readonly PlayEvent[]): void {
  batch(() => {
    for (const event of events) {
      if (event.kind === "episode") episode.value = event;
      else if (event.kind === "maps") maps.value = event;
      else {
        log.value = event;
        returns.push(event.steps, event.meanReturn);
        if (event.row.entropy !== undefined) entropy.push(event.steps, event.row.entropy);
        if (event.row.explained_variance !== undefined) explained.push(event.steps, Math.max(-1, event.row.explained_variance));
      }
    }
    drawn.ask();
  });
}

export function forget(): void {
  batch(() => {
    for (const line of [entropy, explained]) line.clear();
    run.forget();
    log.value = undefined;
    maps.value = undefined;
    episode.value = undefined;
    drawn.ask();
  });
}

/** Networks this small wait for a graphics card longer than they compute: automatic means one thread here. */
function device(): DeviceChoice {
  return deviceChoice.peek() === "auto" ? "wasm-1" : deviceChoice.peek();
}

export async function start(files?: RunFiles, given?: PlaySettings, entry?: RunEntry): Promise<void> {
  const chosen: PlaySettings = given ?? settings.values.peek();
  forget();
  task.value = chosen.task;
  run.begin(chosen, { title: playSchema.task.options.find(({ value }) => value === chosen.task)!.label, entry });
  await engine.start({ settings: chosen, payload: undefined, files, device: device() });
}

/** Opens a run of the list, or one that `dl train` made. */
export async function open(files: RunFiles, entry: RunEntry | undefined): Promise<void> {
  const given = readPlayRun(files);
  settings.change(given);
  await start(files, given, entry);
}

export function currentRun(): { readonly name: string; readonly files: RunFiles } | undefined {
  return run.named(engine.files);
}
