/** A panel's run at hand: what it was started with, under which name the browser keeps it, and the curves that are kept with it. */

import type { GrowingLine } from "../charts/grow.ts";
import type { JobName, RunFiles } from "../engine/protocol.ts";
import { notice, showError } from "../shell/notice.ts";
import { place } from "../shell/place.ts";
import { keepRun, type RunEntry } from "./run-store.ts";

export interface RunAtHandOptions<S> {
  readonly panel: JobName;
  /** Kept with the run, and drawn again when it is opened. Default none. */
  readonly lines?: readonly GrowingLine[];
  /** What the list of runs says of it now, such as `98.1 % on test, step 500`; `before` is what it said of a run that was opened, and holds until that goes on. */
  readonly outcome: (before: string | undefined) => string;
  /** What its exported file is called, without the ending. */
  readonly fileName: (settings: S) => string;
}

export class RunAtHand<S> {
  readonly #options: RunAtHandOptions<S>;
  #begun:
    | { readonly settings: S; readonly entry: Pick<RunEntry, "id" | "title" | "query">; readonly before: string | undefined }
    | undefined;

  constructor(options: RunAtHandOptions<S>) {
    this.#options = options;
  }

  /** What it was started with, which may differ from the form's. */
  get settings(): S | undefined {
    return this.#begun?.settings;
  }

  /** A new run, or one of the list that goes on: `entry`. */
  begin(settings: S, { title, entry }: { readonly title: string; readonly entry?: RunEntry | undefined }): void {
    const { panel, lines = [] } = this.#options;
    this.forget();
    // A start answers what was missing for it.
    notice.value = undefined;
    this.#begun = {
      settings,
      entry: { id: entry?.id ?? `${panel}-${Date.now()}`, title, query: place.peek().query },
      before: entry?.outcome,
    };
    const curves = entry?.curves as readonly { readonly x: readonly number[]; readonly y: readonly number[] }[] | undefined;
    for (const [i, line] of lines.entries()) if (curves?.[i]) line.points = curves[i];
  }

  forget(): void {
    for (const line of this.#options.lines ?? []) line.clear();
    this.#begun = undefined;
  }

  /** Keeps the files in the browser's list; what goes wrong there is told, and the training goes on. */
  readonly keep = (files: RunFiles): void => {
    if (!this.#begun) return;
    const { panel, lines = [], outcome } = this.#options;
    const { entry, before } = this.#begun;
    const curves = lines.map(({ points }) => points);
    keepRun({ ...entry, panel, outcome: outcome(before), savedAt: Date.now(), curves }, files).catch(showError);
  };

  /** The files with a name, for export; undefined while there are none. */
  named(files: RunFiles | undefined): { readonly name: string; readonly files: RunFiles } | undefined {
    return files && this.#begun && { name: this.#options.fileName(this.#begun.settings), files };
  }
}
