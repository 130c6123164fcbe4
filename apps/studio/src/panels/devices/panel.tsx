/** Devices: what runs in this browser, what does not and why, how fast, and where the time goes. */

import "./devices.css";
import { effect, type Signal, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Engine } from "../../engine/engine.ts";
import type { DeviceChoice, DeviceReport } from "../../engine/protocol.ts";
import { chooseDevice, deviceChoice, deviceChoices } from "../../shell/device-choice.ts";
import { Icon } from "../../shell/icons.tsx";
import { short } from "../../widgets/reading.tsx";
import type { DevicesContract, DevicesEvent, KernelTime, Measurement } from "./contract.ts";

/** What was found out about one device. */
interface Finding {
  readonly state: "waiting" | "measuring" | "measured" | "missing";
  readonly report?: DeviceReport;
  /** Why it does not run. */
  readonly reason?: string;
  readonly measurements: readonly Measurement[];
  readonly kernels: readonly KernelTime[];
  readonly milliseconds: number;
}

const measured = deviceChoices.filter(({ value }) => value !== "auto");
const blank: Finding = { state: "waiting", measurements: [], kernels: [], milliseconds: 0 };
const findings: Signal<Readonly<Record<string, Finding>>> = signal({});
const isMeasuring = signal(false);
let subject: DeviceChoice = "wasm";

const engine = new Engine<DevicesContract>({ job: "devices", onEvents: (events) => events.forEach(hear) });

function hear(event: DevicesEvent): void {
  const now = findings.peek()[subject] ?? blank;
  if (event.kind === "measured") note({ measurements: [...now.measurements, event.measurement] });
  else note({ kernels: event.kernels, milliseconds: event.milliseconds });
}

function note(change: Partial<Finding>): void {
  findings.value = { ...findings.peek(), [subject]: { ...(findings.peek()[subject] ?? blank), ...change } };
}

/** One device after the other: together they would slow each other down. */
async function measure(choices: readonly DeviceChoice[]): Promise<void> {
  isMeasuring.value = true;
  for (const choice of choices) {
    subject = choice;
    findings.value = { ...findings.peek(), [choice]: { ...blank, state: "measuring" } };
    engine.reset();
    await engine.start({ settings: {}, payload: undefined, device: choice });
    const reason = engine.problem.peek()?.message;
    if (reason !== undefined) {
      note({ state: "missing", reason });
      continue;
    }
    note({ report: engine.device.peek()! });
    const status = await new Promise<string>((resolve) => {
      const stop = effect(() => {
        const now = engine.status.value;
        if (now === "done" || now === "failed" || now === "idle")
          queueMicrotask(() => {
            stop();
            resolve(now);
          });
      });
    });
    note(status === "done" ? { state: "measured" } : { state: "missing", reason: engine.problem.peek()?.message ?? "It was stopped." });
    if (status === "idle") break;
  }
  engine.reset();
  isMeasuring.value = false;
}

const facts: readonly { readonly name: string; readonly value: () => string; readonly meaning: string }[] = [
  {
    name: "Processor threads",
    value: () => String(navigator.hardwareConcurrency ?? "unknown"),
    meaning: "what the browser tells of the cores",
  },
  {
    name: "Shared memory",
    value: () => (globalThis.crossOriginIsolated ? "yes" : "no"),
    meaning: globalThis.crossOriginIsolated
      ? "the page is isolated, threads work"
      : "the page is not isolated: WebAssembly runs on one thread. Load it again once the studio is kept for offline use",
  },
  {
    name: "WebGPU",
    value: () => ("gpu" in navigator ? "offered" : "not offered"),
    meaning:
      "gpu" in navigator ? "whether a graphics card answers, the measurement shows" : "this browser, or a page without https, has none",
  },
  {
    name: "Offline use",
    value: () => ("serviceWorker" in navigator ? "yes" : "no"),
    meaning: "whether the studio can be kept for visits without a connection",
  },
];

export function DevicesPanel(): JSX.Element {
  useEffect(() => () => engine.reset(), []);
  const names = [...new Set(Object.values(findings.value).flatMap(({ measurements }) => measurements.map(({ name }) => name)))];
  const best = (name: string): number => {
    const values = Object.values(findings.value).flatMap(({ measurements }) => measurements.filter((one) => one.name === name));
    return values[0]?.unit === "µs" ? Math.min(...values.map(({ value }) => value)) : Math.max(...values.map(({ value }) => value));
  };
  return (
    <>
      <div class="head">
        <div>
          <h1>Devices</h1>
          <p>
            The same training runs on each of these. Measure them to see which suits this machine, and what keeps the others from running.
          </p>
        </div>
        <button
          type="button"
          class={isMeasuring.value ? "" : "primary"}
          onClick={() => (isMeasuring.value ? engine.reset() : void measure(measured.map(({ value }) => value)))}
        >
          <Icon name={isMeasuring.value ? "close" : "start"} />
          {isMeasuring.value ? "Stop" : "Measure all"}
        </button>
      </div>
      <div class="stack" style="gap:18px">
        <div class="device-cards">
          {measured.map(({ value, label, note: about }) => {
            const finding = findings.value[value] ?? blank;
            return (
              <section key={value} class="card stack" aria-label={label}>
                <header style="margin:0">
                  <h2>{label}</h2>
                  <span class={`state ${finding.state}`}>
                    {{ waiting: "", measuring: "measuring …", measured: "runs", missing: "does not run" }[finding.state]}
                  </span>
                </header>
                <p class="soft small">{finding.report?.name ?? about}</p>
                {finding.reason && <p class="problem small">{finding.reason}</p>}
                {finding.measurements.length > 0 && (
                  <dl class="measured">
                    {finding.measurements.map(({ name, value: number, unit, meaning }) => (
                      <div key={name} title={meaning}>
                        <dt>{name}</dt>
                        <dd>
                          <i
                            class={number === best(name) && names.length > 0 ? "best" : ""}
                            style={`transform:scaleX(${unit === "µs" ? best(name) / number : number / best(name)})`}
                          />
                          <b>{short(number)}</b> {unit}
                        </dd>
                      </div>
                    ))}
                  </dl>
                )}
                <div class="row" style="margin-top:auto">
                  <button type="button" disabled={isMeasuring.value} onClick={() => void measure([value])}>
                    Measure
                  </button>
                  <button
                    type="button"
                    class="quiet"
                    disabled={deviceChoice.value === value || finding.state === "missing"}
                    onClick={() => chooseDevice(value)}
                  >
                    {deviceChoice.value === value ? "in use" : "Use it"}
                  </button>
                </div>
              </section>
            );
          })}
        </div>
        <div class="grid">
          <Profile />
          <section class="card" aria-label="This browser">
            <header>
              <h2>This browser</h2>
            </header>
            <table>
              <tbody>
                {facts.map(({ name, value, meaning }) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td>
                      <b>{value()}</b>
                      <br />
                      <span class="soft small">{meaning}</span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </div>
      </div>
    </>
  );
}

/** Where a training step's time goes, on the device measured last. */
function Profile(): JSX.Element {
  const profiled = Object.entries(findings.value).filter(([, { kernels }]) => kernels.length > 0);
  const [name, finding] = profiled.find(([choice]) => choice === subject) ?? profiled.at(-1) ?? [];
  const total = finding?.kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0) ?? 0;
  return (
    <section class="card" aria-label="Kernels">
      <header>
        <h2>Where a step's time goes</h2>
        <span class="soft small">{finding && deviceChoices.find(({ value }) => value === name)?.label}</span>
      </header>
      {finding ? (
        <table>
          <thead>
            <tr>
              <th scope="col">kernel</th>
              <th scope="col" class="number">
                launches
              </th>
              <th scope="col" class="number">
                ms
              </th>
              <th scope="col" class="number" style="width:34%">
                share
              </th>
            </tr>
          </thead>
          <tbody>
            {finding.kernels.slice(0, 9).map(({ name: kernel, launches, milliseconds }) => (
              <tr key={kernel}>
                <td class="mono">{kernel}</td>
                <td class="number">{launches}</td>
                <td class="number">{milliseconds.toFixed(2)}</td>
                <td class="number share">
                  <i style={`transform:scaleX(${milliseconds / total})`} />
                  {Math.round((100 * milliseconds) / total)} %
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p class="empty">Measure a device: then the kernels of one LeNet step stand here, the longest first.</p>
      )}
    </section>
  );
}
