/** Profiles as files for chrome://tracing and ui.perfetto.dev. "Trace Event Format", Google 2016. */

import type { Profile } from "./profile.ts";

/**
 * The text of a `.json` file: one bar a launch.
 *
 * @param options.device  Stands at the head of the row; `device.name`.
 * @example
 * const trace = chromeTrace(await device.profile(() => tensor([1, 2, 3]).exp()), { device: device.name });
 */
export function chromeTrace({ events }: Profile<unknown>, { device }: { device: string }): string {
  const row = { pid: 1, tid: 1 };
  const traceEvents = [
    { ...row, ph: "M", name: "thread_name", args: { name: device } },
    // Complete events; times in microseconds.
    ...events.map(({ name, start, milliseconds, bytes }) => ({
      ...row,
      ph: "X",
      name,
      ts: start * 1000,
      dur: milliseconds * 1000,
      args: { bytes },
    })),
  ];
  return JSON.stringify({ traceEvents, displayTimeUnit: "ms" });
}
