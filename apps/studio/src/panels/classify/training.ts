/** The classifier's training as the page knows it: settings, engine, and what was told so far. */

import { DataError } from "@dl/core";
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { CurveLine } from "../../charts/curve.tsx";
import { GrowingLine, Redraw, smoothed } from "../../charts/grow.ts";
import { imageSetOfPictures, type OwnPictures, ownImageSize } from "../../data/own-pictures.ts";
import { readImages, readIndex } from "../../data/read-shards.ts";
import { imageSetOf, type ShardIndex } from "../../data/shard-format.ts";
import { Engine } from "../../engine/engine.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import { type Settings, settingsOf } from "../../settings/settings.ts";
import { deviceChoice } from "../../shell/device-choice.ts";
import { notice, showError, showNotice } from "../../shell/notice.ts";
import { RunAtHand } from "../../storage/run-at-hand.ts";
import type { RunEntry } from "../../storage/run-store.ts";
import { percent } from "../../widgets/reading.tsx";
import type { ClassifyContract, ClassifyEvent, ClassifyPayload, ClassifySettings, NetworkName } from "./contract.ts";
import { readRunJson } from "./run-json.ts";
import { type ClassifyForm, classifySchema } from "./schema.ts";

export const settings: Settings<ClassifyForm> = settingsOf("classify", classifySchema);

/** What each network wants to be trained with. */
export const suggestions: Readonly<
  Record<NetworkName, { readonly epochs: number; readonly batchSize: number; readonly learningRate: number }>
> = {
  lenet: { epochs: 5, batchSize: 64, learningRate: 0.002 },
  vgg: { epochs: 6, batchSize: 128, learningRate: 0.1 },
  keras: { epochs: 8, batchSize: 64, learningRate: 0.001 },
  layers: { epochs: 5, batchSize: 64, learningRate: 0.002 },
};

export type Made = Extract<ClassifyEvent, { kind: "made" }>;
export type Tested = Extract<ClassifyEvent, { kind: "test" }>;

export const made: Signal<Made | undefined> = signal(undefined);
export const tested: Signal<Tested | undefined> = signal(undefined);
export const latest: Signal<{ readonly step: number; readonly loss: number; readonly imagesPerSecond: number } | undefined> =
  signal(undefined);
/** The images that are trained on. */
export const images: Signal<ClassifyPayload | undefined> = signal(undefined);
/** The user's, of a folder or the camera. */
export const ownPictures: Signal<OwnPictures> = signal(new Map());
export const index: Signal<ShardIndex | undefined> = signal(undefined);
/** What is being fetched or read. */
export const loading: Signal<string> = signal("");
/** What the worker had to say. */
export const remark: Signal<string> = signal("");

const trainLoss = new GrowingLine();
const trainAccuracy = new GrowingLine();
const testLoss = new GrowingLine();
const testAccuracy = new GrowingLine();
const drawn = new Redraw();

/** A little smoothing where every batch is noise. */
export const lossLines: ReadonlySignal<readonly CurveLine[]> = computed(() => {
  void drawn.count.value;
  return [
    { label: "training", colour: "--accent", x: trainLoss.x, y: smoothed(trainLoss.y) },
    { label: "test", colour: "--second", x: testLoss.x, y: testLoss.y, dots: true },
  ];
});
export const accuracyLines: ReadonlySignal<readonly CurveLine[]> = computed(() => {
  void drawn.count.value;
  return [
    { label: "training", colour: "--accent", x: trainAccuracy.x, y: smoothed(trainAccuracy.y) },
    { label: "test", colour: "--second", x: testAccuracy.x, y: testAccuracy.y, dots: true },
  ];
});

const run = new RunAtHand<ClassifySettings>({
  panel: "classify",
  lines: [trainLoss, trainAccuracy, testLoss, testAccuracy],
  outcome(before) {
    const accuracy = tested.peek()?.accuracy;
    const step = latest.peek()?.step;
    if (step === undefined) return before ?? `${percent(accuracy)} on test`;
    return `${accuracy === undefined ? "" : `${percent(accuracy)} on test, `}step ${step}`;
  },
  fileName: ({ network, set, seed }) => `${network}-${set}-seed${seed}`,
});

export const engine: Engine<ClassifyContract> = new Engine<ClassifyContract>({ job: "classify", onEvents: hear, onFiles: run.keep });

function hear(events: readonly ClassifyEvent[]): void {
  batch(() => {
    for (const event of events) {
      switch (event.kind) {
        case "made":
          made.value = event;
          break;
        case "step":
          latest.value = event;
          trainLoss.push(event.step, event.loss);
          trainAccuracy.push(event.step, event.accuracy);
          break;
        case "test":
          tested.value = event;
          testLoss.push(event.step, event.loss);
          testAccuracy.push(event.step, event.accuracy);
          break;
        case "note":
          remark.value = event.text;
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
    tested.value = undefined;
    latest.value = undefined;
    remark.value = "";
    drawn.ask();
  });
}

/** The images of the settings, fetched if need be. */
async function readPayload({ set, count }: Pick<ClassifySettings, "set" | "count">): Promise<ClassifyPayload> {
  if (set === "folder") {
    return { title: "your images", shape: [ownImageSize, ownImageSize, 3], ...imageSetOfPictures(ownPictures.peek()) };
  }
  index.value ??= await readIndex();
  const found = imageSetOf(index.value, set);
  loading.value = `Fetching ${found.title} …`;
  const onProgress = (share: number): void => {
    loading.value = `Fetching ${found.title} … ${Math.round(100 * share)} %`;
  };
  const train = await readImages(found, { split: "train", count, onProgress });
  const test = await readImages(found, { split: "test", count: Number.POSITIVE_INFINITY });
  const { title, classNames, shape, statistics } = found;
  return { title, classNames, shape, statistics, train, test };
}

/** Starts a training with the settings of the form, or goes on with the files of a run. */
export async function start(files?: RunFiles, given?: ClassifySettings, entry?: RunEntry): Promise<void> {
  const chosen: ClassifySettings = given ?? settings.values.peek();
  try {
    const payload = await readPayload(chosen);
    forget();
    images.value = payload;
    run.begin(chosen, { title: `${networkTitles[chosen.network]} on ${payload.title}`, entry });
    loading.value = "";
    await engine.start({ settings: chosen, payload, files, device: deviceChoice.peek() });
  } catch (error) {
    loading.value = "";
    showError(error);
  }
}

/** Opens a run of the list, or one that was imported. */
export async function open(files: RunFiles, entry: RunEntry | undefined): Promise<void> {
  const { settings: read, images: used, classNames } = readRunJson(files);
  settings.change({ ...read, layers: read.layers || classifySchema.layers.initial });
  if (read.set === "folder" && classNames) requireClasses(classNames);
  await start(files, read, entry);
  if (used > read.count && Number.isFinite(used) && notice.peek() === undefined)
    showNotice(`This run used ${used} images; the studio has ${read.count}.`);
}

/** The user's pictures are gone with the page: others would be called by the names of these. */
function requireClasses(classNames: readonly string[]): void {
  const here = [...ownPictures.peek().keys()].sort();
  if (here.join("/") === classNames.join("/")) return;
  const got = here.length === 0 ? "none" : `pictures of ${here.join(", ")}`;
  throw new DataError(
    `This run tells ${classNames.join(", ")} apart, of pictures of yours. Drop their folder first, then open it; got ${got}.`,
  );
}

export const networkTitles: Readonly<Record<NetworkName, string>> = {
  lenet: "LeNet",
  vgg: "Small VGG",
  keras: "Keras CNN",
  layers: "Own layers",
};

/** The run at hand, for export. */
export function currentRun(): { readonly name: string; readonly files: RunFiles } | undefined {
  return run.named(engine.files);
}
