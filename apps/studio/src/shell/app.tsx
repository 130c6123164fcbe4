/** The frame of the studio: the rail of panels, the bar, and the panel that is open. */

import { type Signal, signal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { atWork } from "../engine/engine.ts";
import { DeviceChip } from "./device-chip.tsx";
import { Icon } from "./icons.tsx";
import { notice, showError, showNotice } from "./notice.ts";
import { type PanelInfo, panels } from "./panels.ts";
import { addressOf, place } from "./place.ts";
import { nextTheme, theme } from "./theme.ts";

/** Panels that were opened. */
const loaded: Signal<ReadonlyMap<string, ComponentType>> = signal(new Map());

async function load(panel: PanelInfo): Promise<void> {
  if (loaded.peek().has(panel.name)) return;
  const component = await panel.load();
  loaded.value = new Map([...loaded.peek(), [panel.name, component]]);
}

export function App(): JSX.Element {
  const panel = panels.find(({ name }) => name === place.value.panel) ?? panels[0]!;
  useEffect(() => {
    document.title = panel.name === "home" ? "@dl studio" : `${panel.title} · @dl studio`;
    // On a phone the rail is wider than the screen.
    document.querySelector('.rail [aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });
    load(panel).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      showNotice(`${panel.title} could not be loaded (${reason}). Check the connection and open it again.`);
    });
  }, [panel]);
  useEffect(() => {
    const { panel: name } = place.value;
    if (name !== panel.name) showNotice(`There is no panel "${name.slice(0, 40)}" here: this is the landing page.`);
  }, [place.value.panel]);
  const Panel = loaded.value.get(panel.name);
  useEffect(() => {
    const aside = document.querySelector<HTMLElement>(".columns > aside");
    if (!aside) return;
    // The style sheet places it by its height, which it cannot ask for.
    const observer = new ResizeObserver(() => aside.style.setProperty("--height", `${aside.offsetHeight}px`));
    observer.observe(aside);
    return () => observer.disconnect();
  }, [Panel]);
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={skipToMain}>
        Skip to the panel
      </button>
      <div class="rail">
        <header>
          <a class="brand" href="#/">
            <img src="./icon.svg" alt="" />
            @dl studio
          </a>
        </header>
        <nav aria-label="Panels">
          {panels.map(({ name, title, icon, job }) => (
            <a key={name} href={addressOf({ panel: name, query: "" })} aria-current={name === panel.name ? "page" : undefined}>
              <Icon name={icon} size={20} />
              {title}
              {job !== undefined && job !== "circle" && atWork.value === job && <i class="working" role="img" aria-label="training" />}
            </a>
          ))}
        </nav>
        <footer>
          {import.meta.env.VITE_HAS_API && <a href="./api/index.html">API documentation</a>}
          <span class="soft">Nothing leaves this page.</span>
        </footer>
      </div>
      <div class="page">
        <div class="bar">
          <DeviceChip />
          <span class="spacer" />
          <button
            type="button"
            class="quiet"
            title="Copy a link to these settings"
            aria-label="Copy a link to these settings"
            onClick={share}
          >
            <Icon name="link" />
          </button>
          <button
            type="button"
            class="quiet"
            title={`Colours: ${theme.value}`}
            aria-label={`Colours: ${theme.value}. Change`}
            onClick={nextTheme}
          >
            <Icon name="theme" />
          </button>
        </div>
        <main class="panel" id="main" tabIndex={-1}>
          {Panel ? <Panel /> : <p class="loading">Loading {panel.title.toLowerCase()} …</p>}
        </main>
      </div>
      {notice.value !== undefined && (
        <div class="notice" role="status">
          <p>{notice.value}</p>
          <button type="button" class="quiet" aria-label="Close" onClick={() => (notice.value = undefined)}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}

/** The address after # is the panel's: an ordinary anchor would leave it. */
function skipToMain(): void {
  document.querySelector<HTMLElement>("#main")?.focus();
}

function share(): void {
  const copied = navigator.clipboard?.writeText(location.href) ?? Promise.reject(new Error("this page may not copy"));
  copied.then(
    () => showNotice("Copied. The link holds the settings and the seed: it makes the same run on the same device."),
    (error: unknown) =>
      showError(`The link could not be copied (${error instanceof Error ? error.message : String(error)}): take it from the address bar.`),
  );
}
