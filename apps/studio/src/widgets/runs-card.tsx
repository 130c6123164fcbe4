/** The runs of a panel that this browser keeps, and files of runs in and out. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { JobName, RunFiles } from "../engine/protocol.ts";
import { Icon } from "../shell/icons.tsx";
import { showError } from "../shell/notice.ts";
import { download, unzipRun, zipRun } from "../storage/run-archive.ts";
import { deleteRun, kept, type RunEntry, readKept, readRun } from "../storage/run-store.ts";
import { megabytes } from "./reading.tsx";

export interface RunsCardProps {
  readonly panel: JobName;
  /** Takes up a run: of the list, with its entry, or from files. Rejects with what is wrong with it. */
  readonly onOpen: (files: RunFiles, entry: RunEntry | undefined) => Promise<void> | void;
  /** The run at hand, to export. */
  readonly current: () => { readonly name: string; readonly files: RunFiles } | undefined;
}

export function RunsCard({ panel, onOpen, current }: RunsCardProps): JSX.Element {
  const busy = useSignal(false);
  useEffect(() => void readKept().catch(showError), []);
  const runs = kept.value.filter((entry) => entry.panel === panel);
  const guarded = async (work: () => Promise<void> | void): Promise<void> => {
    busy.value = true;
    try {
      await work();
    } catch (error) {
      showError(error);
    } finally {
      busy.value = false;
    }
  };
  const importFiles = async (picked: FileList | null): Promise<void> => {
    if (!picked || picked.length === 0) return;
    const files = new Map<string, Uint8Array<ArrayBuffer>>();
    for (const file of picked) files.set(file.name, new Uint8Array(await file.arrayBuffer()));
    await onOpen(unzipRun(files), undefined);
  };
  const exportRun = (): void => {
    const run = current();
    if (!run) throw new Error("There is nothing to export yet: train first, and pause or wait for the end.");
    download(`${run.name}.zip`, zipRun(run.name, run.files));
  };
  return (
    <section class="card" aria-label="Runs">
      <header>
        <h2>Runs</h2>
        <div class="row" style="gap:2px">
          <label class="button quiet" title="Import a run: a zip of the studio, or run.json and model.safetensors of dl train">
            <Icon name="up" />
            <span class="hidden-label">Import a run</span>
            <input
              type="file"
              class="hidden-label"
              multiple
              accept=".zip,.json,.safetensors"
              onChange={(event) => {
                const input = event.currentTarget;
                void guarded(() => importFiles(input.files)).then(() => (input.value = ""));
              }}
            />
          </label>
          <button
            type="button"
            class="quiet"
            title="Export the run at hand, as dl reads it"
            aria-label="Export the run at hand"
            onClick={() => void guarded(exportRun)}
          >
            <Icon name="down" />
          </button>
        </div>
      </header>
      {runs.length === 0 ? (
        <p class="soft small">Runs are kept in this browser as they train, and can be taken to the command line and back.</p>
      ) : (
        <ul class="runs">
          {runs.map((entry) => (
            <li key={entry.id}>
              <div>
                <b title={entry.title}>{entry.title}</b>
                <span class="soft small">
                  {entry.outcome} · {megabytes(entry.bytes)}
                </span>
              </div>
              <button
                type="button"
                class="quiet"
                disabled={busy.value}
                title="Open"
                aria-label={`Open ${entry.title}, ${entry.outcome}`}
                onClick={() =>
                  void guarded(async () => {
                    const run = await readRun(entry.id);
                    await onOpen(run.files, run.entry);
                  })
                }
              >
                <Icon name="open" size={15} />
              </button>
              <button
                type="button"
                class="quiet"
                title="Delete"
                aria-label={`Delete ${entry.title}`}
                onClick={() => void guarded(() => deleteRun(entry.id))}
              >
                <Icon name="trash" size={16} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
