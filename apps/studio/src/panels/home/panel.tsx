/** The landing page: what @dl is, a network that learns before your eyes, the panels, and the packages with examples that run. */

import "./home.css";
import { Rng } from "@dl/core";
import { computed, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Engine, openEngines } from "../../engine/engine.ts";
import { deviceChoice } from "../../shell/device-choice.ts";
import { Icon } from "../../shell/icons.tsx";
import { panels } from "../../shell/panels.ts";
import { addressOf } from "../../shell/place.ts";
import { prefersStillness } from "../../shell/theme.ts";
import { percent } from "../../widgets/reading.tsx";
import type { CircleContract, CircleEvent, PointShape } from "./contract.ts";
import { Field } from "./field.tsx";
import { pointsOf } from "./points.ts";
import { Snippets } from "./snippets.tsx";

const shapes: readonly { readonly value: PointShape; readonly label: string }[] = [
  { value: "circle", label: "Circle" },
  { value: "moons", label: "Moons" },
  { value: "spiral", label: "Spiral" },
];

const shape = signal<PointShape>("spiral");
const seed = signal(1);
const last = signal<CircleEvent | undefined>(undefined);
const field = computed(() => last.value?.field);
const points = computed(() => pointsOf(shape.value, { count: 400, rng: new Rng(seed.value).fork("data") }));
const engine = new Engine<CircleContract>({
  job: "circle",
  onEvents: (events) => {
    last.value = events.at(-1);
  },
});

function train(): void {
  last.value = undefined;
  // A network this small is fastest on one thread; a reference device that was chosen is taken.
  const device = deviceChoice.peek() === "cpu" ? "cpu" : "wasm-1";
  void engine.start({ settings: { shape: shape.peek(), seed: seed.peek() }, payload: undefined, device });
}

function choose(value: PointShape): void {
  shape.value = value;
  train();
}

export function HomePanel(): JSX.Element {
  useEffect(() => {
    // A training of another panel would have to wait for this one.
    const isBusy = openEngines.peek().some(({ status }) => status.peek() === "running" || status.peek() === "opening");
    if (engine.status.peek() === "idle" && !isBusy && !prefersStillness()) train();
    return () => engine.reset();
  }, []);
  const event = last.value;
  const status = engine.status.value;
  return (
    <div class="home">
      <section class="hero">
        <div class="stack">
          <h1>
            Train a network.
            <br />
            Right here, in this page.
          </h1>
          <p class="lead">
            <b>@dl</b> is deep learning in TypeScript: tensors, gradients, layers, training, vision, language, agents and search, over one
            small core. The same code runs in Node and in the browser, on WebGPU or on an embedded WebAssembly device, with nothing native
            to install.
          </p>
          <div class="row">
            <a class="button primary" href={addressOf({ panel: "classify", query: "" })}>
              <Icon name="classify" />
              Train on handwritten digits
            </a>
            <button type="button" onClick={toPackages}>
              See the packages
            </button>
          </div>
          <p class="soft small">
            Your data stays here: there is no server, only files. After the first visit the studio works without a connection.
          </p>
        </div>
        <figure class="hero-field card">
          <Field field={field} points={points} />
          <figcaption>
            <div class="segments" role="radiogroup" aria-label="Points">
              {shapes.map(({ value, label }) => (
                <label key={value}>
                  <input type="radio" name="points" checked={shape.value === value} onChange={() => choose(value)} />
                  <span>{label}</span>
                </label>
              ))}
            </div>
            <span class="hero-state" aria-live="off">
              {event ? `step ${event.step} · ${percent(event.accuracy)} right` : status === "opening" ? "opening …" : ""}
            </span>
            <button type="button" class="quiet" title="Train from the beginning" aria-label="Train from the beginning" onClick={train}>
              <Icon name="reset" />
            </button>
          </figcaption>
          {engine.problem.value && <p class="problem">{engine.problem.value.message}</p>}
        </figure>
      </section>

      <section class="tiles" aria-label="Panels">
        {panels
          .filter(({ name }) => name !== "home")
          .map(({ name, title, icon, summary }) => (
            <a key={name} class="tile card" href={addressOf({ panel: name, query: "" })}>
              <Icon name={icon} size={24} />
              <h2>{title}</h2>
              <p class="soft small">{summary}</p>
            </a>
          ))}
      </section>

      <section id="packages" class="stack">
        <div>
          <h2 style="font-size:1.35rem">Packages, and examples that run here</h2>
          <p class="soft">Each is an ES module without side effects. These are the first examples of their READMEs, as they stand.</p>
        </div>
        <Snippets />
      </section>
    </div>
  );
}

function toPackages(): void {
  document.querySelector("#packages")?.scrollIntoView({ behavior: prefersStillness() ? "auto" : "smooth" });
}
