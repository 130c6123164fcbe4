/** Light, dark, or as the system has it. */

import { type Signal, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const key = "dl-studio-theme";

/** Counts the changes of colours, by whomever: what is drawn on a canvas is drawn anew. */
export const colours: Signal<number> = signal(0);

export const theme: Signal<Theme> = signal((document.documentElement.dataset.theme as Theme | undefined) ?? "system");

/** System, light, dark, and system again. */
export function nextTheme(): void {
  theme.value = theme.value === "system" ? "light" : theme.value === "light" ? "dark" : "system";
  const { dataset } = document.documentElement;
  if (theme.value === "system") delete dataset.theme;
  else dataset.theme = theme.value;
  try {
    if (theme.value === "system") localStorage.removeItem(key);
    else localStorage.setItem(key, theme.value);
  } catch {
    // Private windows may refuse; then the theme lasts as long as the page.
  }
  colours.value++;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => colours.value++);

/** A colour of `style/base.css` as it is now, such as `--accent`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
