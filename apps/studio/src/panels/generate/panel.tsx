/** Generate: two networks play against each other until one of them can draw, or one learns to find the noise in pictures. */

import "./generate.css";
import { computed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Curve } from "../../charts/curve.tsx";
import { Reading, Readings, short } from "../../widgets/reading.tsx";
import { RunBar } from "../../widgets/run-bar.tsx";
import { RunsCard } from "../../widgets/runs-card.tsx";
import { SettingsForm } from "../../widgets/settings-form.tsx";
import { Gauge } from "./gauge.tsx";
import { PictureGrid } from "./picture-grid.tsx";
import { suggested } from "./schema.ts";
import {
  currentRun,
  drawsFromNoise,
  engine,
  forget,
  gauges,
  grids,
  latest,
  loading,
  lossLines,
  made,
  open,
  settings,
  start,
  warnings,
} from "./training.ts";
import { WalkCard } from "./walk-card.tsx";

const progress = computed(() => (made.value && latest.value ? latest.value.step / made.value.steps : 0));

/** Another method or size brings the rate and the batch that suit it. */
const sizing: typeof settings = {
  ...settings,
  change(changes) {
    const next = { ...settings.values.peek(), ...changes };
    settings.change(changes.size || changes.method ? { ...changes, ...suggested(next) } : changes);
  },
};

/** What changes at every step: components of their own, so that a step draws no more than them. */
function Numbers(): JSX.Element {
  return (
    <Readings>
      <Reading label="step" value={latest.value?.step ?? "–"} />
      <Reading label="images a second" value={short(latest.value?.imagesPerSecond)} />
    </Readings>
  );
}

function Controls({ onStart }: { onStart: () => void }): JSX.Element {
  const [plan, now] = [made.value, latest.value];
  const epochs = plan ? Math.round(plan.steps / plan.stepsPerEpoch) : 0;
  return (
    <RunBar
      engine={engine}
      onStart={() => {
        onStart();
        void start();
      }}
      onReset={forget}
      progress={progress.value}
      note={loading.value || (plan && now ? `epoch ${Math.min(Math.ceil(now.step / plan.stepsPerEpoch), epochs)} of ${epochs}` : "")}
      disabled={loading.value !== ""}
    />
  );
}

function Gauges(): JSX.Element {
  return (
    <>
      <Gauge
        label="Diversity"
        value={gauges.value.diversity}
        end={1.2}
        trouble={[0.4, undefined]}
        meaning="distances among drawings, in shares of those among real pictures: below the mark all drawings are alike"
      />
      <Gauge
        label="Nearest"
        value={gauges.value.nearest}
        end={1.2}
        trouble={[0.4, undefined]}
        meaning="the same of each drawing's nearest: below the mark it draws a few things over and over"
      />
      {drawsFromNoise.value ? <NoiseGauges /> : <CriticGauges />}
    </>
  );
}

function NoiseGauges(): JSX.Element {
  return (
    <>
      <Gauge
        label="Found of much noise"
        value={gauges.value.muchNoise}
        meaning="the share of the noise it finds in pictures that are little else: the first to be learned"
      />
      <Gauge
        label="Found of half"
        value={gauges.value.halfNoise}
        meaning="where picture and noise are equally strong: shapes come from here"
      />
      <Gauge
        label="Found of little"
        value={gauges.value.littleNoise}
        meaning="where noise is faint: the last to be learned, for clean edges"
      />
    </>
  );
}

function CriticGauges(): JSX.Element {
  return (
    <>
      <Gauge
        label="Right on real"
        value={gauges.value.realAccuracy}
        meaning="how often the critic knows a real picture: near 1 on both, it learns nothing new and teaches nothing"
      />
      <Gauge label="Right on drawn" value={gauges.value.fakeAccuracy} meaning="how often it knows a drawing" />
    </>
  );
}

export function GeneratePanel(): JSX.Element {
  /** Undefined: the newest. */
  const shown = useSignal<number | undefined>(undefined);
  const isBusy = engine.status.value === "running" || engine.status.value === "paused";
  const all = grids.value;
  const at = Math.min(shown.value ?? all.length - 1, all.length - 1);
  const grid = all[at];
  const plan = made.value;
  return (
    <>
      <div class="head">
        <div>
          <h1>Generate</h1>
          <p>
            {drawsFromNoise.value
              ? "A network learns to find the noise in a picture. Begin with nothing else, take a little away again and again, and a picture is left."
              : "One network draws, the other tells drawings from real pictures. Each makes the other better, if neither wins too soon."}
          </p>
        </div>
        <Numbers />
      </div>
      <div class="columns">
        <aside>
          <section class="card stack" aria-label="Training">
            <Controls onStart={() => (shown.value = undefined)} />
            {loading.value && engine.status.value === "idle" && <p class="soft small">{loading.value}</p>}
            <SettingsForm settings={sizing} disabled={isBusy} />
            {plan && (
              <p class="soft small">
                {short(plan.parameters.generator)} parameters draw
                {plan.parameters.critic === undefined ? "" : `, ${short(plan.parameters.critic)} judge`}.
              </p>
            )}
          </section>
          <RunsCard panel="generate" onOpen={open} current={currentRun} />
        </aside>
        <div class="stack" style="gap:18px">
          {warnings.value.map((text) => (
            <p key={text} class="problem small" role="status">
              {text}
            </p>
          ))}
          <div class="grid">
            <section class="card stack" aria-label="Drawings">
              <header style="margin:0">
                <h2>What it draws</h2>
                <span class="soft small brief">{grid ? `step ${grid.step}` : ""}</span>
              </header>
              {grid ? (
                <>
                  <PictureGrid pictures={grid.pictures} columns={8} label={`64 drawings at step ${grid.step}`} />
                  <p class="soft small">
                    Each begins with random numbers of its own, its latent, which stay the same: what changes is the network.
                  </p>
                  <label class="row small" style="flex-wrap:nowrap">
                    <span class="soft">then</span>
                    <input
                      type="range"
                      min={0}
                      max={Math.max(all.length - 1, 1)}
                      value={at}
                      aria-label="Which grid, from the first to the newest"
                      onInput={(event) => {
                        const picked = Number(event.currentTarget.value);
                        shown.value = picked >= all.length - 1 ? undefined : picked;
                      }}
                    />
                    <span class="soft">now</span>
                  </label>
                </>
              ) : (
                <p class="empty">Noise at first; then blots; then strokes. Press Train.</p>
              )}
            </section>
            <section class="card stack" aria-label="Gauges">
              <header style="margin:0">
                <h2>Is it going well?</h2>
              </header>
              <Gauges />
            </section>
          </div>
          <WalkCard />
          <section class="card" aria-label="Losses">
            <header>
              <h2>{drawsFromNoise.value ? "Loss" : "Losses"}</h2>
              <span class="soft small">
                {drawsFromNoise.value
                  ? "the share of the noise that it does not find"
                  : "they measure the balance of the two, not how good the drawings are"}
              </span>
            </header>
            <Curve
              lines={lossLines}
              title={drawsFromNoise.value ? "Loss of the network by step" : "Losses of generator and critic by step"}
            />
          </section>
        </div>
      </div>
    </>
  );
}
