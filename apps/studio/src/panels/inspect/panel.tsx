/** Inspect: the predictions of any model, from anywhere: report, calibration, fairness by group. */

import "./inspect.css";
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { Confusion } from "../../charts/confusion.tsx";
import { percent, Reading, Readings } from "../../widgets/reading.tsx";
import { RunsCard } from "../../widgets/runs-card.tsx";
import type { Examination } from "./examine.ts";
import { exampleCsv, exampleName } from "./example.ts";
import { Fairness } from "./fairness.tsx";
import { Reliability } from "./reliability.tsx";
import { predictionsOfRun } from "./run-predictions.ts";
import { guessRoles, type Roles, readTable, type Table } from "./table.ts";
import type { ExamineReply, ExamineRequest } from "./worker.ts";

/** Larger files would stop the page while they are read. */
const largestFile = 60e6;

const file = signal<{ readonly name: string; readonly table: Table } | undefined>(undefined);
const roles = signal<Roles | undefined>(undefined);
const found = signal<Examination | undefined>(undefined);
const problem = signal("");
const busy = signal("");
const isOver = signal(false);
let worker: Worker | undefined;

function stop(): void {
  worker?.terminate();
  worker = undefined;
  busy.value = "";
}

/** A newer question ends the older one. */
function examine(): void {
  stop();
  problem.value = "";
  const [now, as] = [file.peek(), roles.peek()];
  if (!now || !as) return;
  busy.value = "Counting …";
  worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "inspect" });
  worker.onmessage = ({ data }: MessageEvent<ExamineReply>) => {
    busy.value = "";
    found.value = "examination" in data ? data.examination : undefined;
    problem.value = "problem" in data ? data.problem : "";
  };
  worker.onerror = (event) => {
    event.preventDefault();
    busy.value = "";
    found.value = undefined;
    problem.value = event.message || "The examination ended unexpectedly, which is most often a lack of memory. Take a sample of the file.";
  };
  worker.postMessage({ table: now.table, roles: as } satisfies ExamineRequest);
}

function takeTable(name: string, read: () => Table): void {
  stop();
  try {
    const table = read();
    roles.value = guessRoles(table);
    file.value = { name, table };
    examine();
  } catch (error) {
    file.value = undefined;
    found.value = undefined;
    problem.value = error instanceof Error ? error.message : String(error);
  }
}

async function takeFile(picked: File | undefined): Promise<void> {
  if (!picked) return;
  if (picked.size > largestFile) {
    problem.value = `${picked.name} has ${Math.round(picked.size / 1e6)} MB; up to ${largestFile / 1e6} can be read here. Take a sample of it.`;
    return;
  }
  try {
    const text = await picked.text();
    takeTable(picked.name, () => readTable(picked.name, text));
  } catch {
    problem.value = `${picked.name} could not be read. Was it moved, or changed since it was picked? Pick it again.`;
  }
}

function change(role: Partial<Roles>): void {
  roles.value = { ...roles.peek()!, ...role };
  examine();
}

export function InspectPanel(): JSX.Element {
  const result = found.value;
  return (
    <>
      <div class="head">
        <div>
          <h1>Inspect</h1>
          <p>Bring a file with true labels and the answers of any model. Nothing is sent anywhere: it is counted in this page.</p>
        </div>
        {result && (
          <Readings>
            <Reading
              label={`accuracy, 95 %: ${percent(result.interval[0])} to ${percent(result.interval[1])}`}
              value={percent(result.report.accuracy)}
            />
            <Reading label={`always "${result.majority.name}"`} value={percent(result.majority.accuracy)} />
            {result.calibration && <Reading label="calibration error" value={percent(result.calibration.error)} />}
          </Readings>
        )}
      </div>
      <div class="columns">
        <aside>
          <section class="card stack" aria-label="Predictions">
            <label
              class={isOver.value ? "drop over" : "drop"}
              onDragOver={(event) => {
                event.preventDefault();
                isOver.value = true;
              }}
              onDragLeave={() => (isOver.value = false)}
              onDrop={(event) => {
                event.preventDefault();
                isOver.value = false;
                void takeFile(event.dataTransfer?.files[0]);
              }}
            >
              <span>
                <b>Drop a CSV or JSON file</b>
                <br />
                <span class="small">a row an example: label, prediction, probabilities if there are, columns of groups</span>
              </span>
              <input
                type="file"
                accept=".csv,.json,.txt"
                aria-label="File of predictions"
                onChange={(event) => {
                  const input = event.currentTarget;
                  // Else the same file, mended, could not be picked again.
                  void takeFile(input.files?.[0]).then(() => (input.value = ""));
                }}
              />
            </label>
            <button type="button" onClick={() => takeTable(exampleName, () => readTable(exampleName, exampleCsv()))}>
              Try it with an example
            </button>
            <p class="soft small">The example is made up: loans, told by a model that is surer than it should be.</p>
            {problem.value && (
              <p class="problem small" role="alert">
                {problem.value}
              </p>
            )}
            {busy.value && <p class="soft small">{busy.value}</p>}
          </section>
          {file.value && roles.value && <RolesCard table={file.value.table} roles={roles.value} name={file.value.name} />}
          <RunsCard
            panel="classify"
            onOpen={async (files) => {
              busy.value = "Asking the run …";
              try {
                const { name, table } = await predictionsOfRun(files);
                takeTable(name, () => table);
              } finally {
                if (busy.peek() === "Asking the run …") busy.value = "";
              }
            }}
            current={() => undefined}
          />
        </aside>
        {result ? (
          <Findings result={result} />
        ) : (
          <div class="card empty">The report, the calibration and the comparison of groups stand here once there is a file.</div>
        )}
      </div>
    </>
  );
}

function RolesCard({ table, roles: now, name }: { table: Table; roles: Roles; name: string }): JSX.Element {
  const names = [...table.columns.keys()];
  const options = (none: boolean): JSX.Element[] => [
    ...(none ? [<option key="" value="" />] : []),
    ...names.map((column) => (
      <option key={column} value={column}>
        {column}
      </option>
    )),
  ];
  return (
    <section class="card stack" aria-label="Columns">
      <header style="margin:0">
        <h2 style="overflow-wrap:anywhere">{name}</h2>
        <span class="soft small">{table.rows} rows</span>
      </header>
      <label class="field">
        <span>True label</span>
        <select value={now.label} onChange={(event) => change({ label: event.currentTarget.value })}>
          {options(false)}
        </select>
      </label>
      <label class="field">
        <span>Prediction</span>
        <select value={now.prediction ?? ""} onChange={(event) => change({ prediction: event.currentTarget.value || undefined })}>
          {options(true)}
        </select>
      </label>
      <label class="field">
        <span>Groups</span>
        <select value={now.group ?? ""} onChange={(event) => change({ group: event.currentTarget.value || undefined })}>
          {options(true)}
        </select>
      </label>
      <fieldset class="field" style="border:0;margin:0;padding:0">
        <span>Probabilities</span>
        <div class="scores">
          {names
            .filter((column) => column !== now.label && column !== now.prediction && column !== now.group)
            .map((column) => (
              <label key={column}>
                <input
                  type="checkbox"
                  checked={now.scores.includes(column)}
                  onChange={(event) =>
                    change({
                      scores: names.filter((other) => (other === column ? event.currentTarget.checked : now.scores.includes(other))),
                    })
                  }
                />
                {column}
              </label>
            ))}
        </div>
        <small>
          One column a class, or one of two classes. A column named after its class (p_cat) is taken for that; others stand in the order of
          the classes, and a single one for the second.
        </small>
      </fieldset>
    </section>
  );
}

function Findings({ result }: { result: Examination }): JSX.Element {
  const { report, classNames, confusion, calibration, fairness, majority } = result;
  const rows = [
    ...report.classes,
    { ...report.macroAverage, name: "mean of the classes" },
    { ...report.weightedAverage, name: "weighted mean" },
  ];
  return (
    <div class="stack" style="gap:18px">
      <div class="grid wide">
        <section class="card" aria-label="Report">
          <header>
            <h2>Report</h2>
            <span class="soft small">{result.count} examples</span>
          </header>
          <table>
            <thead>
              <tr>
                <th scope="col">class</th>
                {["precision", "recall", "F1", "examples"].map((name) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ name, precision, recall, f1, support }, i) => (
                <tr key={name} class={i >= classNames.length ? "soft" : ""}>
                  <td>{name}</td>
                  <td class="number">{percent(precision)}</td>
                  <td class="number">{percent(recall)}</td>
                  <td class="number">{percent(f1)}</td>
                  <td class="number">{support}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="soft small" style="margin-top:12px">
            {majority.pValue < 0.05
              ? `Better or worse than always saying "${majority.name}" by more than chance explains (McNemar, p ${majority.pValue < 0.001 ? "< 0.001" : `= ${majority.pValue.toFixed(3)}`}).`
              : `No clear difference to always saying "${majority.name}" (McNemar, p = ${majority.pValue.toFixed(2)}).`}
          </p>
        </section>
        <section class="card" aria-label="Confusion">
          <header>
            <h2>What is taken for what</h2>
          </header>
          <Confusion counts={confusion} classNames={classNames} />
        </section>
        <section class="card" aria-label="Calibration">
          <header>
            <h2>Is it as sure as it should be?</h2>
          </header>
          {calibration ? <Reliability bins={calibration.bins} /> : <p class="empty">Choose columns of probabilities to see it.</p>}
        </section>
      </div>
      {fairness ? (
        <Fairness audit={fairness} />
      ) : (
        <section class="card empty" aria-label="Groups">
          Choose a column of groups to see whether the model treats them alike.
        </section>
      )}
    </div>
  );
}
