/** Play: an agent learns by trying; watch it, look into it, take over. */

import "./play.css";
import type { JSX } from "preact";
import { Curve } from "../../charts/curve.tsx";
import { Reading, Readings, short } from "../../widgets/reading.tsx";
import { RunBar } from "../../widgets/run-bar.tsx";
import { RunsCard } from "../../widgets/runs-card.tsx";
import { SettingsForm } from "../../widgets/settings-form.tsx";
import type { TaskName } from "./contract.ts";
import { Stage } from "./stage.tsx";
import { StateMap } from "./state-map.tsx";
import {
  currentRun,
  engine,
  forget,
  insideLines,
  log,
  maps,
  open,
  returnLines,
  settings,
  start,
  suggestedSteps,
  task,
} from "./training.ts";
import { worldOf } from "./worlds.ts";

/** Another task brings the steps that suit it, and its world to look at. */
const picking: typeof settings = {
  ...settings,
  change(changes) {
    settings.change(changes.task ? { ...changes, steps: suggestedSteps[changes.task as TaskName] } : changes);
    if (changes.task && engine.status.peek() === "idle") task.value = changes.task as TaskName;
  },
};

/** What changes at every round: components of their own, so that a round draws no more than them. */
function Numbers(): JSX.Element {
  const now = log.value;
  return (
    <Readings>
      <Reading label={`mean return${now ? `, goal ${now.goal}` : ""}`} value={short(now?.meanReturn)} />
      <Reading label="episodes" value={now ? now.episodes : "–"} />
      <Reading label="steps a second" value={short(now?.stepsPerSecond)} />
    </Readings>
  );
}

function Controls(): JSX.Element {
  const now = log.value;
  return (
    <RunBar
      engine={engine}
      onStart={() => void start()}
      onReset={forget}
      progress={now ? now.steps / now.total : 0}
      note={now ? `${now.steps} of ${now.total} steps` : ""}
    />
  );
}

export function PlayPanel(): JSX.Element {
  const isBusy = engine.status.value === "running" || engine.status.value === "paused";
  const { map } = worldOf(task.value);
  const seen = maps.value;
  return (
    <>
      <div class="head">
        <div>
          <h1>Play</h1>
          <p>An agent that knows nothing tries, is rewarded, and tries again. Its newest episode is on the stage.</p>
        </div>
        <Numbers />
      </div>
      <div class="columns">
        <aside>
          <section class="card stack" aria-label="Training">
            <Controls />
            <SettingsForm settings={picking} disabled={isBusy} />
          </section>
          <RunsCard panel="play" onOpen={open} current={currentRun} />
        </aside>
        <div class="stack" style="gap:18px">
          <Stage />
          <div class="grid">
            <section class="card" aria-label="Return">
              <header>
                <h2>Return</h2>
              </header>
              <Curve lines={returnLines} title="Mean return by environment steps" xLabel="environment steps" />
            </section>
            <section class="card" aria-label="Learning">
              <header>
                <h2>How it learns</h2>
              </header>
              {insideLines.value.length > 0 ? (
                <Curve lines={insideLines} title="Entropy and explained variance by environment steps" xLabel="environment steps" />
              ) : (
                <p class="empty">
                  The entropy of the policy falls as it makes up its mind; the critic explains more and more of the returns.
                </p>
              )}
            </section>
          </div>
          {map && (
            <section class="card" aria-label="Inside the agent">
              <header>
                <h2>What it does, and what it expects</h2>
              </header>
              {seen ? (
                <div class="state-maps">
                  <StateMap title="Policy" values={seen.policy} map={map} ends={map.actions} />
                  <StateMap title="Expected return" values={seen.value} map={map} />
                </div>
              ) : (
                <p class="empty">A map of the states: at first it knows nothing of them.</p>
              )}
            </section>
          )}
        </div>
      </div>
    </>
  );
}
