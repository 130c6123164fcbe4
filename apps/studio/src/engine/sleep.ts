/** A tab that is put to sleep, as browsers do with tabs that nobody looks at: trainings stop between two steps, and go on when it wakes. wicg.github.io/page-lifecycle */

import { openEngines } from "./engine.ts";

export function sleepWithTab(): void {
  // A hidden tab may be frozen, and a frozen one thrown away without a word: this is the last time to keep what was learned.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") for (const engine of openEngines.peek()) engine.save();
  });
  document.addEventListener("freeze", () => {
    for (const engine of openEngines.peek()) engine.sleep();
  });
  document.addEventListener("resume", () => {
    for (const engine of openEngines.peek()) engine.wake();
  });
}
