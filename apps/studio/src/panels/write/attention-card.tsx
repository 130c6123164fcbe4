/** What the model looks at while it reads, and what it expects next. */

import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Bars } from "../../widgets/bars.tsx";
import { LatestQuestion } from "../../widgets/latest-question.ts";
import type { Reading } from "./contract.ts";
import { engine, latest, made } from "./training.ts";

/** Milliseconds between two looks while a training goes on. */
const lookEvery = 1500;

export function AttentionCard(): JSX.Element {
  const text = useSignal("To be, or not to be");
  const seen = useSignal<Reading | undefined>(undefined);
  const layer = useSignal(0);
  const head = useSignal(0);
  const at = useSignal<number | undefined>(undefined);
  const problem = useSignal("");
  const question = useMemo(
    () =>
      new LatestQuestion(async () => {
        if (!made.peek() || engine.status.peek() === "idle" || engine.status.peek() === "opening") return;
        try {
          seen.value = await engine.ask("read", { text: text.peek() });
          problem.value = "";
        } catch (error) {
          problem.value = (error as Error).message;
        }
      }),
    [],
  );
  useEffect(() => void question.ask(), [text.value, made.value]);
  useSignalEffect(() => {
    if (latest.value && question.age > lookEvery) void question.ask();
  });
  const plan = made.value;
  const reading = seen.value;
  const characters = reading ? [...reading.read] : [];
  const size = characters.length;
  const map = reading?.attentions[Math.min(layer.value, reading.attentions.length - 1)];
  const row = Math.min(at.value ?? size - 1, size - 1);
  const looks = map ? Array.from({ length: size }, (_, column) => map[(head.value * size + row) * size + column]!) : [];
  const most = Math.max(...looks, 1e-6);
  return (
    <section class="card stack" aria-label="Attention">
      <header style="margin:0">
        <h2>What it looks at</h2>
        {plan && (
          <div class="row">
            <label class="row small" style="gap:6px">
              layer
              <select
                value={layer.value}
                style="width:auto;min-height:30px"
                onChange={(event) => (layer.value = Number(event.currentTarget.value))}
              >
                {Array.from({ length: plan.layers }, (_, i) => (
                  <option key={i} value={i}>
                    {i + 1}
                  </option>
                ))}
              </select>
            </label>
            <label class="row small" style="gap:6px">
              head
              <select
                value={head.value}
                style="width:auto;min-height:30px"
                onChange={(event) => (head.value = Number(event.currentTarget.value))}
              >
                {Array.from({ length: plan.heads }, (_, i) => (
                  <option key={i} value={i}>
                    {i + 1}
                  </option>
                ))}
              </select>
            </label>
          </div>
        )}
      </header>
      <input type="text" aria-label="A text to read" value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
      {map && reading ? (
        <div class="attention">
          <div>
            <p class="looked">
              {characters.map((character, i) => (
                <button
                  key={i}
                  type="button"
                  class={i === row ? "on" : ""}
                  style={`--look:${i <= row ? Math.round((100 * looks[i]!) / most) : 0}%`}
                  title={`${Math.round(100 * (looks[i] ?? 0))} % of its attention`}
                  onClick={() => (at.value = i)}
                >
                  {character === " " ? "·" : character === "\n" ? "↵" : character}
                </button>
              ))}
            </p>
            <p class="soft small">Pick a character: the darker another, the more this head looks at it.</p>
            <AttentionMap map={map} size={size} head={head.value} />
          </div>
          <div>
            <p class="soft small" style="margin-bottom:8px">
              Next
            </p>
            <Bars
              names={reading.next.map(({ character }) => (character === "\n" ? "↵" : character === " " ? "space" : character))}
              shares={reading.next.map(({ share }) => share)}
            />
          </div>
        </div>
      ) : (
        <p class="empty">{problem.value || "Each head of each layer looks back at other characters. Train, and see which learns what."}</p>
      )}
    </section>
  );
}

/** The whole table of one head: rows look at columns. */
function AttentionMap({ map, size, head }: { map: Float32Array; size: number; head: number }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(size, size);
    for (let i = 0; i < size * size; i++) {
      const share = Math.sqrt(map[head * size * size + i]!);
      image.data.set([47 + 110 * share, 73 + 80 * share, 201 + 50 * share, 255 * share], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }, [map, size, head]);
  return (
    <canvas
      ref={canvas}
      class="pixels attention-map"
      width={size}
      height={size}
      role="img"
      aria-label={`Attention of head ${head + 1}: each row a character, each column what it looks at`}
    />
  );
}
