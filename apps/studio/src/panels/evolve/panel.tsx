/** Evolve: networks have children; those that are right, or small, or both, have more. */

import "./evolve.css";
import type { JSX } from "preact";
import { addressOf } from "../../shell/place.ts";
import { percent, Reading, Readings, short } from "../../widgets/reading.tsx";
import { RunBar } from "../../widgets/run-bar.tsx";
import { RunsCard } from "../../widgets/runs-card.tsx";
import { SettingsForm } from "../../widgets/settings-form.tsx";
import type { TrialEvent } from "./contract.ts";
import { FamilyChart } from "./family-chart.tsx";
import { FrontChart } from "./front-chart.tsx";
import { best, currentRun, engine, forget, front, loading, open, picked, settings, start, training, trials } from "./training.ts";

export function EvolvePanel(): JSX.Element {
  const isBusy = engine.status.value === "running" || engine.status.value === "paused";
  const planned = settings.values.value.trials;
  const tried = trials.value.filter(({ remembered }) => !remembered).length;
  const now = training.value;
  const chosen = trials.value.find(({ number }) => number === picked.value) ?? best.value;
  return (
    <>
      <div class="head">
        <div>
          <h1>Evolve</h1>
          <p>
            A search over networks. Each is trained for a moment and measured; the promising ones are crossed and changed. Pick one to see
            its line.
          </p>
        </div>
        <Readings>
          <Reading label="best so far" value={percent(best.value?.accuracy)} />
          <Reading label="on the front" value={front.value.length || "–"} />
          <Reading label={`of ${planned} tried`} value={tried || "–"} />
        </Readings>
      </div>
      <div class="columns">
        <aside>
          <section class="card stack" aria-label="Search">
            <RunBar
              engine={engine}
              verb="Search"
              onStart={() => void start()}
              onReset={forget}
              progress={(tried + (now && isBusy ? now.share : 0)) / planned}
              note={loading.value || (now && isBusy ? `network ${now.number + 1}: ${now.layers}` : "")}
              disabled={loading.value !== ""}
            />
            <SettingsForm settings={settings} disabled={isBusy} />
          </section>
          <RunsCard panel="evolve" onOpen={open} current={currentRun} />
        </aside>
        <div class="stack" style="gap:18px">
          <div class="grid">
            <section class="card" aria-label="Front">
              <header>
                <h2>What accuracy costs</h2>
              </header>
              {trials.value.length > 0 ? (
                <FrontChart trials={trials.value} front={front.value} />
              ) : (
                <p class="empty">Each network a dot: how large, how right. The line joins those that none beats in both.</p>
              )}
            </section>
            <section class="card" aria-label="Family">
              <header>
                <h2>Who descends from whom</h2>
              </header>
              {trials.value.length > 0 ? (
                <FamilyChart trials={trials.value} planned={planned} />
              ) : (
                <p class="empty">The first are drawn; the others have parents.</p>
              )}
            </section>
          </div>
          {chosen && <Chosen trial={chosen} />}
          <section class="card" aria-label="Front as a table">
            <header>
              <h2>The front, small to large</h2>
            </header>
            {front.value.length > 0 ? (
              <table>
                <thead>
                  <tr>
                    <th scope="col">network</th>
                    <th scope="col" class="number">
                      rate
                    </th>
                    <th scope="col" class="number">
                      parameters
                    </th>
                    <th scope="col" class="number">
                      accuracy
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {front.value.map(({ number, layers, learningRate, parameters, accuracy }) => (
                    <tr key={number}>
                      <td>
                        <button type="button" class="link mono" onClick={() => (picked.value = number)}>
                          {layers}
                        </button>
                      </td>
                      <td class="number">{short(learningRate)}</td>
                      <td class="number">{short(parameters)}</td>
                      <td class="number">{percent(accuracy)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            ) : (
              <p class="soft small">Nothing yet.</p>
            )}
          </section>
        </div>
      </div>
    </>
  );
}

/** One network, and the way to train it in earnest. */
function Chosen({ trial: { number, layers, learningRate, parameters, accuracy, parents, seconds } }: { trial: TrialEvent }): JSX.Element {
  const { set } = settings.values.value;
  const query = new URLSearchParams({
    ...(set !== "mnist" && { set }),
    network: "layers",
    layers,
    learningRate: String(Number(learningRate.toPrecision(3))),
  });
  return (
    <section class="card chosen" aria-label="Network">
      <div>
        <h2>Network {number + 1}</h2>
        <p class="mono" style="margin:6px 0">
          {layers}
        </p>
        <p class="soft small">
          {percent(accuracy)} right, {short(parameters)} parameters, rate {short(learningRate)}, trained for {seconds.toFixed(1)} s.{" "}
          {parents.length === 0 ? "Drawn at random." : `Child of ${parents.map((parent) => parent + 1).join(" and ")}.`}
        </p>
      </div>
      <a class="button" href={addressOf({ panel: "classify", query: query.toString() })}>
        Train it in Classify
      </a>
    </section>
  );
}
