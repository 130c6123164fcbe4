/** Write: a small GPT learns a text one character at a time. */

import "./write.css";
import type { JSX } from "preact";
import { Curve } from "../../charts/curve.tsx";
import { Reading, Readings, short } from "../../widgets/reading.tsx";
import { RunBar } from "../../widgets/run-bar.tsx";
import { RunsCard } from "../../widgets/runs-card.tsx";
import { SettingsForm } from "../../widgets/settings-form.tsx";
import { AdapterCard } from "./adapter-card.tsx";
import { AttentionCard } from "./attention-card.tsx";
import { DeskCard } from "./desk-card.tsx";
import {
  currentRun,
  engine,
  forget,
  heldLoss,
  latest,
  loading,
  lossLines,
  made,
  open,
  ownText,
  samples,
  settings,
  start,
} from "./training.ts";

/** What changes at every step: components of their own, so that a step draws no more than them. */
function Numbers(): JSX.Element {
  const loss = heldLoss.value;
  return (
    <Readings>
      <Reading label="loss on text held back, nats" value={loss === undefined ? "–" : loss.toFixed(3)} />
      <Reading label="characters it wavers between" value={loss === undefined ? "–" : Math.exp(loss).toFixed(1)} />
      <Reading label="characters a second" value={short(latest.value?.charactersPerSecond)} />
    </Readings>
  );
}

function Controls(): JSX.Element {
  const now = latest.value;
  return (
    <RunBar
      engine={engine}
      onStart={() => void start()}
      onReset={forget}
      progress={now ? now.step / now.steps : 0}
      note={loading.value || (now ? `step ${now.step} of ${now.steps}` : "")}
      disabled={loading.value !== ""}
    />
  );
}

export function WritePanel(): JSX.Element {
  const isBusy = engine.status.value === "running" || engine.status.value === "paused";
  const plan = made.value;
  return (
    <>
      <div class="head">
        <div>
          <h1>Write</h1>
          <p>A small GPT reads a text over and over and learns to guess the next character: letters first, then words, then who speaks.</p>
        </div>
        <Numbers />
      </div>
      <div class="columns">
        <aside>
          <section class="card stack" aria-label="Training">
            <Controls />
            {loading.value && engine.status.value === "idle" && <p class="soft small">{loading.value}</p>}
            <SettingsForm settings={settings} disabled={isBusy} />
            {settings.values.value.text === "own" && (
              <label class="field">
                <span>Your text</span>
                <textarea
                  rows={5}
                  value={ownText.value}
                  disabled={isBusy}
                  onInput={(event) => (ownText.value = event.currentTarget.value)}
                />
                <small>{ownText.value.length} characters. It stays on this machine.</small>
              </label>
            )}
            {plan && (
              <p class="soft small">
                {short(plan.parameters)} parameters, {[...plan.characters].length} characters in its alphabet.
              </p>
            )}
          </section>
          <RunsCard panel="write" onOpen={open} current={currentRun} />
        </aside>
        <div class="stack" style="gap:18px">
          <div class="grid">
            <section class="card" aria-label="Loss">
              <header>
                <h2>Loss</h2>
              </header>
              <Curve lines={lossLines} title="Loss by step, in nats a character" />
            </section>
            <section class="card" aria-label="Samples">
              <header>
                <h2>What it writes by now</h2>
              </header>
              {samples.value.length > 0 ? (
                <ol class="samples">
                  {samples.value
                    .slice(-4)
                    .reverse()
                    .map(({ step, text }) => (
                      <li key={step}>
                        <span class="soft small">step {step}</span>
                        <p class="written">{text}</p>
                      </li>
                    ))}
                </ol>
              ) : (
                <p class="empty">A sample every few seconds. The first is noise.</p>
              )}
            </section>
          </div>
          <DeskCard />
          <AttentionCard />
          <AdapterCard />
        </div>
      </div>
    </>
  );
}
