/** The packages, each with the first example of its README, which runs here if it can run in a page. */

import { readmes } from "virtual:readme-snippets";
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../../shell/icons.tsx";
import { Highlighted } from "./highlight.tsx";
import type { SnippetMessage } from "./snippet-worker.ts";

/** Examples that have not ended after this many milliseconds are stopped. */
const patience = 120_000;

const shown = signal(readmes.find(({ name }) => name === "@dl/nn")?.name ?? readmes[0]!.name);
const output = signal<readonly string[]>([]);
const state = signal<"idle" | "running" | "done" | "failed">("idle");
let worker: Worker | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

function stop(): void {
  worker?.terminate();
  worker = undefined;
  clearTimeout(timer);
}

function show(name: string): void {
  stop();
  shown.value = name;
  output.value = [];
  state.value = "idle";
}

function end(error: string | undefined): void {
  stop();
  if (error !== undefined) output.value = [...output.value, error];
  state.value = error === undefined ? "done" : "failed";
}

function run(name: string): void {
  show(name);
  state.value = "running";
  worker = new Worker(new URL("./snippet-worker.ts", import.meta.url), { type: "module", name: "example" });
  worker.onmessage = ({ data }: MessageEvent<SnippetMessage>) => {
    if (data.kind === "line") output.value = [...output.value, data.text].slice(-200);
    else end(data.error);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    end(event.message || "The example's worker ended unexpectedly.");
  };
  worker.postMessage(name);
  timer = setTimeout(() => end("Stopped after two minutes."), patience);
}

export function Snippets(): JSX.Element {
  const readme = readmes.find(({ name }) => name === shown.value)!;
  return (
    <div class="snippets">
      <div class="snippet-list" role="tablist" aria-label="Packages" aria-orientation="vertical">
        {readmes.map(({ name }) => (
          <button key={name} type="button" role="tab" aria-selected={name === readme.name} class="quiet" onClick={() => show(name)}>
            {name}
          </button>
        ))}
      </div>
      <div class="snippet card" role="tabpanel" aria-label={readme.name}>
        <header>
          <div>
            <h3 class="mono">{readme.name}</h3>
            <p class="soft small">{readme.summary.replaceAll("`", "")}</p>
          </div>
          {readme.runs ? (
            <button
              type="button"
              class={state.value === "running" ? "" : "primary"}
              onClick={() => (state.value === "running" ? end("Stopped.") : run(readme.name))}
            >
              <Icon name={state.value === "running" ? "close" : "start"} size={15} />
              {state.value === "running" ? "Stop" : "Run"}
            </button>
          ) : (
            <span class="soft small" style="white-space:nowrap">
              runs in Node
            </span>
          )}
        </header>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys scroll what has the focus. */}
        <pre tabIndex={0}>
          <Highlighted code={readme.code} />
        </pre>
        {state.value !== "idle" && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: as above.
          <pre class={`output ${state.value}`} role="log" aria-label="Output" tabIndex={0}>
            {output.value.join("\n") || (state.value === "running" ? "running …" : "It ran, and had nothing to say.")}
          </pre>
        )}
      </div>
    </div>
  );
}
