/** Where the page is: the panel and its settings, kept in the address after `#`. */

import { type Signal, signal } from "@preact/signals";
import { notice } from "./notice.ts";

export interface Place {
  readonly panel: string;
  /** As in `#/classify?seed=2`: what follows the question mark. */
  readonly query: string;
}

function read(): Place {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return { panel: path === "" ? "home" : path, query };
}

export const place: Signal<Place> = signal(read());

/** The address of a panel with settings. */
export function addressOf({ panel, query }: Place): string {
  const path = panel === "home" ? "" : panel;
  return `#/${path}${query === "" ? "" : `?${query}`}`;
}

/** Keeps the signal and the address together: a new panel is a step of the history, a changed setting is not. */
export function followAddress(): void {
  addEventListener("hashchange", () => {
    const next = read();
    // What was said of another panel is not of this one.
    if (next.panel !== place.peek().panel) notice.value = undefined;
    place.value = next;
  });
  place.subscribe((now) => {
    const current = read();
    if (now.panel === current.panel && now.query === current.query) return;
    if (now.panel === current.panel) history.replaceState(null, "", addressOf(now));
    else location.hash = addressOf(now);
  });
}
