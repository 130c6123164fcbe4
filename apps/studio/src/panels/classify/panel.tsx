/** Classify: train on pictures, see where it fails and why, draw one yourself. */

import "./classify.css";
import { computed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Confusion } from "../../charts/confusion.tsx";
import { Curve } from "../../charts/curve.tsx";
import { readIndex } from "../../data/read-shards.ts";
import { percent, Reading, Readings, short } from "../../widgets/reading.tsx";
import { RunBar } from "../../widgets/run-bar.tsx";
import { RunsCard } from "../../widgets/runs-card.tsx";
import { SettingsForm } from "../../widgets/settings-form.tsx";
import { CameraCard } from "./camera-card.tsx";
import { DrawPad } from "./draw-pad.tsx";
import { FolderDrop } from "./folder-drop.tsx";
import { LookCard } from "./look-card.tsx";
import { NetworkCard } from "./network-card.tsx";
import {
  accuracyLines,
  currentRun,
  engine,
  forget,
  images,
  index,
  latest,
  loading,
  lossLines,
  made,
  open,
  remark,
  settings,
  start,
  tested,
} from "./training.ts";

const progress = computed(() => (made.value && latest.value ? latest.value.step / made.value.steps : 0));
const epochNote = computed(() => {
  const [plan, now] = [made.value, latest.value];
  if (!plan || !now) return "";
  return `epoch ${Math.min(Math.ceil(now.step / plan.stepsPerEpoch), plan.steps / plan.stepsPerEpoch)} of ${plan.steps / plan.stepsPerEpoch}`;
});

/** The head's numbers: components of their own, so that a step draws no more than them. */
function Numbers(): JSX.Element {
  return (
    <Readings>
      <Reading label="test accuracy" value={percent(tested.value?.accuracy)} />
      <Reading label="training loss" value={short(latest.value?.loss)} />
      <Reading label="images a second" value={short(latest.value?.imagesPerSecond)} />
    </Readings>
  );
}

function Controls(): JSX.Element {
  return (
    <RunBar
      engine={engine}
      onStart={() => void start()}
      onReset={forget}
      progress={progress.value}
      note={loading.value || epochNote.value}
      disabled={loading.value !== ""}
    />
  );
}

export function ClassifyPanel(): JSX.Element {
  const cell = useSignal<readonly [number, number] | undefined>(undefined);
  useEffect(() => {
    readIndex().then(
      (read) => {
        index.value = read;
      },
      // Told when a training is started: a folder of one's own needs no index.
      () => undefined,
    );
  }, []);
  const { set } = settings.values.value;
  const isBusy = engine.status.value === "running" || engine.status.value === "paused";
  const test = tested.value;
  return (
    <>
      <div class="head">
        <div>
          <h1>Classify</h1>
          <p>A network learns to tell pictures apart. Press Train, watch the curves, then draw a digit or look at what it gets wrong.</p>
        </div>
        <Numbers />
      </div>
      <div class="columns">
        <aside>
          <section class="card stack" aria-label="Training">
            <Controls />
            {loading.value && engine.status.value === "idle" && <p class="soft small">{loading.value}</p>}
            {remark.value && <p class="soft small">{remark.value}</p>}
            <SettingsForm settings={settings} only={["set"]} disabled={isBusy} />
            {set === "folder" && <FolderDrop />}
            <SettingsForm
              settings={settings}
              only={["epochs", "learningRate", "batchSize", "seed", ...(set === "folder" ? [] : (["count"] as const))]}
              disabled={isBusy}
            />
          </section>
          <NetworkCard />
          <RunsCard panel="classify" onOpen={open} current={currentRun} />
        </aside>
        <div class="stack" style="gap:18px">
          <div class="grid">
            <section class="card" aria-label="Loss">
              <header>
                <h2>Loss</h2>
              </header>
              <Curve lines={lossLines} title="Loss by step, training and test" range={[0, null]} />
            </section>
            <section class="card" aria-label="Accuracy">
              <header>
                <h2>Accuracy</h2>
              </header>
              <Curve
                lines={accuracyLines}
                title="Accuracy by step, training and test"
                range={[null, 1]}
                format={(value) => percent(value, 0)}
              />
            </section>
          </div>
          <div class="grid">
            {set === "folder" || images.value?.shape[2] === 3 ? (
              <CameraCard takes={set === "folder"} />
            ) : set === "mnist" || images.value?.shape[2] === 1 ? (
              <DrawPad />
            ) : null}
            <section class="card" aria-label="Confusion">
              <header>
                <h2>What is taken for what</h2>
                <span class="soft small brief">{test ? `${test.count} test images` : ""}</span>
              </header>
              {test && images.value ? (
                <Confusion
                  counts={test.confusion}
                  classNames={images.value.classNames}
                  selected={cell.value}
                  onSelect={(picked) => (cell.value = picked)}
                />
              ) : (
                <p class="empty">After the first seconds of training, a row for each class: what its test images are taken for.</p>
              )}
            </section>
          </div>
          <LookCard cell={cell.value} onCell={() => (cell.value = undefined)} />
        </div>
      </div>
    </>
  );
}
