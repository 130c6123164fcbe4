/** LoRA: teaches the model at hand a second text through a few numbers beside its weights. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { short } from "../../widgets/reading.tsx";
import { adapt, adapts, engine, made } from "./training.ts";

export function AdapterCard(): JSX.Element {
  const text = useSignal("");
  const rank = useSignal(4);
  const status = engine.status.value;
  const isReady = (status === "done" || status === "paused") && !adapts.value && engine.files !== undefined;
  return (
    <section class="card stack" aria-label="A second text">
      <header style="margin:0">
        <h2>A second text, by LoRA</h2>
      </header>
      {adapts.value && made.value ? (
        <p class="soft small">
          {short(made.value.trained)} numbers learn, {short(made.value.parameters)} stay as they were.
          {made.value.dropped > 0 && ` ${made.value.dropped} characters the model has never seen were left out.`} Write with it to compare.
        </p>
      ) : (
        <>
          <textarea
            rows={4}
            placeholder="Paste some hundred lines in another style: recipes, poems, code …"
            aria-label="The second text"
            value={text.value}
            onInput={(event) => (text.value = event.currentTarget.value)}
          />
          <div class="row" style="flex-wrap:nowrap;gap:16px">
            <label class="field" style="flex:1">
              <span>Rank {rank.value}</span>
              <input
                type="range"
                min={1}
                max={16}
                value={rank.value}
                onInput={(event) => (rank.value = Number(event.currentTarget.value))}
              />
            </label>
            <button
              type="button"
              disabled={!isReady || text.value.length < 500}
              onClick={() => void adapt(text.value, { rank: rank.value, steps: 300 })}
            >
              Teach it
            </button>
          </div>
          <p class="soft small">
            {isReady
              ? `${text.value.length} characters; 500 are the least.`
              : "Pause the training, or let it finish: then it can be taught. Its own weights stay as they are."}
          </p>
        </>
      )}
    </section>
  );
}
