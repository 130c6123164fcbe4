/** Write with the model: a prompt, a temperature, and what comes of it. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../../shell/icons.tsx";
import { adapts, engine, made } from "./training.ts";

const length = 300;

export function DeskCard(): JSX.Element {
  const prompt = useSignal("ROMEO:\n");
  const temperature = useSignal(0.8);
  const written = useSignal<{ readonly prompt: string; readonly text: string; readonly plain?: string } | undefined>(undefined);
  const isBusy = useSignal(false);
  const problem = useSignal("");
  const seed = useSignal(1);
  const write = async (): Promise<void> => {
    isBusy.value = true;
    problem.value = "";
    try {
      const question = { prompt: prompt.value, count: length, temperature: temperature.value, seed: seed.value++ };
      const text = await engine.ask("write", { ...question, plain: false });
      const plain = adapts.value ? await engine.ask("write", { ...question, plain: true }) : undefined;
      written.value = { prompt: question.prompt, text, ...(plain !== undefined && { plain }) };
    } catch (error) {
      problem.value = (error as Error).message;
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <section class="card stack" aria-label="Write with it">
      <header style="margin:0">
        <h2>Write with it</h2>
      </header>
      <textarea
        rows={2}
        aria-label="How the text begins"
        value={prompt.value}
        onInput={(event) => (prompt.value = event.currentTarget.value)}
      />
      <div class="row" style="flex-wrap:nowrap;gap:16px">
        <label class="field" style="flex:1">
          <span>Temperature {temperature.value.toFixed(2)}</span>
          <input
            type="range"
            min={0}
            max={1.6}
            step={0.05}
            value={temperature.value}
            onInput={(event) => (temperature.value = Number(event.currentTarget.value))}
          />
        </label>
        <button type="button" class="primary" disabled={isBusy.value || !made.value} onClick={() => void write()}>
          <Icon name="write" />
          {isBusy.value ? "Writing …" : "Go on"}
        </button>
      </div>
      {written.value && (
        <div class={written.value.plain === undefined ? "" : "grid"}>
          <div>
            {written.value.plain !== undefined && <h3>With the adapter</h3>}
            <p class="written">
              <b>{written.value.prompt}</b>
              {written.value.text}
            </p>
          </div>
          {written.value.plain !== undefined && (
            <div>
              <h3>Without</h3>
              <p class="written">
                <b>{written.value.prompt}</b>
                {written.value.plain}
              </p>
            </div>
          )}
        </div>
      )}
      {problem.value && <p class="problem small">{problem.value}</p>}
      {!made.value && <p class="soft small">Train first; it can write from the first step on, if not well.</p>}
    </section>
  );
}
