/** dl bench: how fast this machine's device is, and where the time of a training step goes. */

import { chromeTrace, type Profile } from "@dl/core";
import { writeFileAtomic } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import { type Command, deviceOptions, deviceSettings, positiveNumber, text, UsageError } from "../command.ts";
import { type Measured, QuickBench } from "../quick-bench.ts";

export const bench: Command = {
  name: "bench",
  summary: "Measure a device in a few seconds, and see which kernels a training step spends its time in.",
  positionals: "",
  details:
    "With --profile, a file for ui.perfetto.dev or chrome://tracing is written: one bar a kernel. Profiled work is slower than other work.",
  options: {
    profile: { help: "List the kernels of one training step, and write their trace." },
    trace: { value: "FILE", help: "Where the trace goes, ending in .json; goes with --profile. Default dl-trace.json." },
    seconds: { value: "S", help: "Time for each measurement. Default 1." },
    ...deviceOptions,
  },
  async run(args) {
    const trace = text(args, "trace") ?? "dl-trace.json";
    if (args.values.trace !== undefined && !args.values.profile)
      throw new UsageError("--trace: expected --profile beside it, got it alone.");
    if (!/\.json$/i.test(trace)) throw new UsageError(`--trace: expected a file that ends in .json, got ${JSON.stringify(trace)}.`);
    const settings = deviceSettings(args);
    await using device = await openNamedDevice(settings);
    using quick = new QuickBench(device);
    const rows = await quick.measure({ seconds: positiveNumber(args, "seconds") ?? 1 });
    if (!args.values.json) console.log(`${device.name}\n\n${table(rows.map(cellsOf))}`);
    let profile: Profile<number> | undefined;
    if (args.values.profile) {
      profile = await device.profile(() => quick.step());
      await writeFileAtomic(trace, chromeTrace(profile, { device: device.name }));
      if (!args.values.json) console.log(`\n${describe(profile)}\n\ntrace: ${trace}`);
    }
    if (args.values.json) {
      const { kernels, milliseconds } = profile ?? {};
      console.log(
        JSON.stringify({
          backend: settings.backend,
          device: device.name,
          rows,
          ...(profile && { profile: { milliseconds, kernels, trace } }),
        }),
      );
    }
    return 0;
  },
};

function cellsOf({ name, milliseconds, rate, unit }: Measured): string[] {
  const time = milliseconds >= 1 ? `${threeDigits(milliseconds)} ms` : `${threeDigits(1000 * milliseconds)} µs`;
  return [name, time, `${threeDigits(rate)} ${unit}`];
}

/** Three that count, and no exponents. */
function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** By kernel, the longest first. */
function describe({ kernels, milliseconds }: Profile<unknown>): string {
  const busy = kernels.reduce((sum, kernel) => sum + kernel.milliseconds, 0);
  const launches = kernels.reduce((sum, kernel) => sum + kernel.launches, 0);
  const rows = kernels.map((kernel) => [
    kernel.name,
    `${kernel.launches}`,
    kernel.milliseconds.toFixed(3),
    `${((100 * kernel.milliseconds) / busy).toFixed(1)} %`,
    `${(kernel.bytes / 2 ** 20).toFixed(2)} MiB`,
  ]);
  const head = `one training step: ${launches} kernels, ${busy.toFixed(2)} of ${milliseconds.toFixed(2)} ms`;
  return `${head}\n\n${table([["kernel", "launches", "ms", "share", "read, written"], ...rows])}`;
}

/** Columns padded with spaces: the first to the right, the others to the left. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  "))
    .join("\n");
}
