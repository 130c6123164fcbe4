import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointError, type Device, Rng } from "@dl/core";
import type { Example } from "@dl/data";
import { Plateau, Sgd, WeightAverage } from "@dl/nn";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mountSmallDisk } from "../../fixtures/full-disk.ts";
import type { Callback } from "../callback.ts";
import { EarlyStopping } from "../callbacks/early-stopping.ts";
import { NanStop } from "../callbacks/nan-stop.ts";
import { ReduceOnPlateau } from "../callbacks/reduce-on-plateau.ts";
import { parseCsv } from "../csv.ts";
import type { FitResult } from "../epoch-loop.ts";
import { type FitOptions, fit } from "../fit.ts";
import { pointsOf } from "../points-fixture.ts";
import { backends, type OptimizerName, onDevice, optionsOf, Subject } from "../run-fixture.ts";
import { Checkpoints, checkpointName, resumeFrom } from "./checkpoints.ts";
import { CsvLog } from "./csv-log.ts";
import { RunFolder } from "./run-folder.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "dl-resume-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

const oracle = backends[0]!.open;

/** The history without clocks. */
const untimed = ({ history }: FitResult): unknown => history.map(({ seconds, examplesPerSecond, ...rest }) => rest);

/** The columns of metrics.csv but for the clocks'. */
function csvOf(folder: RunFolder): string[][] {
  const { rows } = parseCsv(readFileSync(folder.file("metrics.csv"), "utf8"));
  if (rows.length === 0) return [];
  const timed = ["seconds", "examplesPerSecond"].map((name) => rows[0]!.indexOf(name));
  return rows.map((row) => row.filter((_, column) => !timed.includes(column)));
}

/** Writes until the disk is full. */
function fillUp(path: string): void {
  const page = new Uint8Array(4096);
  expect(() => {
    for (;;) appendFileSync(path, page);
  }).toThrow("ENOSPC");
}

interface Session {
  readonly optimizer: OptimizerName;
  /** Ends the session, as Ctrl-C would. */
  readonly stopAfter?: number;
  readonly resume?: boolean;
  readonly average?: boolean;
  /** What early stopping takes for an improvement. */
  readonly minDelta?: number;
  /** Checkpoints stands before or after the callbacks whose state it saves. */
  readonly order?: "first" | "last";
  readonly change?: Pick<FitOptions<Example>, "signal" | "validate">;
}

/** One process's share of a run: everything is made anew, and what it needs of the past comes from the folder. */
async function session(
  device: Device,
  path: string,
  { optimizer, stopAfter, resume = false, order = "first", minDelta = 0, ...more }: Session,
) {
  await using folder = await RunFolder.open(path, { resume });
  using subject = new Subject({ seed: resume ? 99 : 1, optimizer });
  using average = more.average ? new WeightAverage(subject.model, { decay: 0.8 }) : undefined;
  const resumed = resume ? await resumeFrom(folder.file(checkpointName), subject) : undefined;
  const controller = new AbortController();
  const stopping = new EarlyStopping({ monitor: "loss", patience: 2, minDelta });
  const plateau = new Plateau({ initial: 1, patience: 0 });
  let live: unknown;
  const watched = [new CsvLog(folder.file("metrics.csv")), stopping, new ReduceOnPlateau({ plateau, monitor: "loss" })];
  const checkpoints = new Checkpoints({ folder, everySeconds: 1000 });
  const result = await fit({
    ...optionsOf(subject, device),
    epochs: 4,
    signal: controller.signal,
    ...more.change,
    ...(average && { average }),
    callbacks: [
      ...(order === "first" ? [checkpoints, ...watched] : [...watched, checkpoints]),
      {
        name: "interrupt",
        onStep: (_, { step }) => void (step === stopAfter && controller.abort()),
        onPause: async (_, moment) => {
          if (moment === "end") live = await subject.bits();
        },
      },
    ],
    ...(resumed && { resume: resumed }),
  });
  return {
    result,
    /** What was trained; `final` is what the run left in the model. */
    bits: {
      live,
      final: await subject.bits(),
      best: stopping.bestEpoch,
      plateau: plateau.state,
      average: await averageOf(average, subject),
    },
    csv: csvOf(folder),
  };
}

async function averageOf(average: WeightAverage | undefined, { model }: Subject): Promise<unknown> {
  return average?.read(model).catch((error: Error) => error.message);
}

describe.each(backends)("on $name", ({ open }) => {
  test.each([
    { optimizer: "adam", order: "first" },
    { optimizer: "adam", order: "last", average: true },
    { optimizer: "momentum", order: "first", minDelta: 10, average: true },
  ] as const)(
    "stopping after any step and resuming gives the same bits as never having stopped: %o",
    (kind) =>
      onDevice(open(), async (device) => {
        const whole = await session(device, join(parent, "whole"), kind);
        // 6 steps an epoch: within the first, at its end, at the first of the second, and later.
        for (const stopAfter of [1, 5, 6, 7, 12, 16]) {
          const path = join(parent, `after-${stopAfter}`);
          const first = await session(device, path, { ...kind, stopAfter });
          expect(first.result).toMatchObject({ reason: "stopped", steps: stopAfter });
          const second = await session(device, path, { ...kind, resume: true });
          expect(second.result.reason).toBe(whole.result.reason);
          expect(untimed(second.result)).toEqual(untimed(whole.result));
          expect(second.bits).toEqual(whole.bits);
          expect(second.csv).toEqual(whole.csv);
        }
      }),
    60_000,
  );
});

test("a run stopped again and again, at every step, is the same run", () =>
  onDevice(oracle(), async (device) => {
    const kind = { optimizer: "adam" } as const;
    const whole = await session(device, join(parent, "whole"), kind);
    const path = join(parent, "pieces");
    let piece = await session(device, path, { ...kind, stopAfter: 1 });
    for (let stopAfter = 2; piece.result.reason === "stopped"; stopAfter++) {
      piece = await session(device, path, { ...kind, resume: true, stopAfter });
    }
    expect(untimed(piece.result)).toEqual(untimed(whole.result));
    expect(piece.bits).toEqual(whole.bits);
    expect(piece.csv).toEqual(whole.csv);
  }));

test("early stopping stays decided when the run is resumed; the checkpoint holds the live weights, the model at the end the best", () =>
  onDevice(oracle(), async (device) => {
    const path = join(parent, "run");
    const kind = { optimizer: "momentum", minDelta: 10 } as const;
    const first = await session(device, path, kind);
    expect(first.result.reason).toBe("loss has not improved since epoch 1");
    expect(first.bits.final).not.toEqual(first.bits.live);
    const again = await session(device, path, { ...kind, resume: true });
    expect(again.result.reason).toBe(first.result.reason);
    expect(again.result.steps).toBe(first.result.steps);
    expect(again.bits).toEqual(first.bits);
    expect(again.csv).toEqual(first.csv);
  }));

test("a finished run that is resumed does nothing, and says so", () =>
  onDevice(oracle(), async (device) => {
    using subject = new Subject();
    await using folder = await RunFolder.open(join(parent, "run"));
    const run = async (epochs: number, resume: boolean) =>
      fit({
        ...optionsOf(subject, device),
        epochs,
        callbacks: [new Checkpoints({ folder })],
        ...(resume && { resume: await resumeFrom(folder.file(checkpointName), subject) }),
      });
    const first = await run(2, false);
    const before = [await subject.bits(), readFileSync(folder.file(checkpointName))];
    expect(await run(2, true)).toEqual({ ...first, reason: "nothing to do: 2 of 2 epochs were done before" });
    expect([await subject.bits(), readFileSync(folder.file(checkpointName))]).toEqual(before);
    expect(await run(3, true)).toMatchObject({ reason: "finished", steps: 18 });
  }));

test("a run that is resumed before its first step starts its table anew", () =>
  onDevice(oracle(), async (device) => {
    const path = join(parent, "run");
    const signal = AbortSignal.abort();
    await session(device, path, { optimizer: "adam", change: { signal }, stopAfter: 1 });
    await using folder = await RunFolder.open(path, { resume: true });
    using subject = new Subject();
    const callbacks = [new CsvLog(folder.file("metrics.csv")), new Checkpoints({ folder })];
    const stopped = await fit({ ...optionsOf(subject, device), callbacks: [new Checkpoints({ folder })], signal });
    expect(stopped.steps).toBe(0);
    const resume = await resumeFrom(folder.file(checkpointName), subject);
    await fit({ ...optionsOf(subject, device), callbacks, resume });
    expect(csvOf(folder)).toHaveLength(4);
  }));

test("metrics that are NaN come through the file", () =>
  onDevice(oracle(), async (device) => {
    const path = join(parent, "run");
    const validate = async () => ({ nan: Number.NaN, infinite: -Infinity, zero: -0 });
    await session(device, path, { optimizer: "adam", stopAfter: 8, change: { validate } });
    const { result } = await session(device, path, { optimizer: "adam", resume: true, change: { validate } });
    const { metrics } = result.history[0]!;
    expect([metrics["validation/nan"], metrics["validation/infinite"], metrics["validation/zero"]]).toEqual([Number.NaN, -Infinity, -0]);
  }));

test("a resume that is not of this run is an error that names the difference", () =>
  onDevice(oracle(), async (device) => {
    using subject = new Subject();
    await using folder = await RunFolder.open(join(parent, "run"));
    // Between epochs, where no pass over the data is saved that could tell.
    await fit({ ...optionsOf(subject, device), epochs: 1, callbacks: [new Checkpoints({ folder })] });
    const resume = await resumeFrom(folder.file(checkpointName), subject);
    using average = new WeightAverage(subject.model);
    for (const [change, message] of [
      [{ batchSize: 5 }, "fit: expected batchSize 4, as in the run to resume, got 5. Resume with the batch size"],
      [{ dataset: pointsOf(23) }, "fit: expected examples 22, as in the run to resume, got 23."],
      [{ dropLast: true }, "fit: expected dropLast false, as in the run to resume, got true."],
      [{ rng: new Rng(4) }, /fit: expected rng .+ Resume with the seed of the interrupted run/],
      [{ average }, "fit: expected no average of the weights, as in the run to resume, got one."],
    ] as const) {
      const changed = fit({ ...optionsOf(subject, device), ...change, resume });
      await expect(changed).rejects.toThrow(message);
      await expect(changed).rejects.toThrow(CheckpointError);
    }
    using fresh = new Subject();
    await expect(fit({ ...optionsOf(fresh, device), resume })).rejects.toThrow(
      "fit: expected an optimizer that has done 6 steps, as in the run to resume, got one at 0. Load model and optimizer first: resumeFrom does.",
    );
  }));

test("a run that diverges leaves its last good checkpoint", () =>
  onDevice(oracle(), async (device) => {
    await using folder = await RunFolder.open(join(parent, "run"));
    using subject = new Subject();
    using optimizer = new Sgd(subject.model.parameters(), { learningRate: 0.01 });
    const callbacks = [new Checkpoints({ folder, everySeconds: 0 }), new NanStop()];
    const step: Subject["step"] = (batch, mode) => {
      const { loss, accuracy } = subject.step(batch, mode);
      return { accuracy, loss: optimizer.step < 9 ? loss : loss.mul(Number.NaN).mean() };
    };
    const { reason } = await fit({ ...optionsOf(subject, device), step, optimizer, callbacks });
    expect(reason).toMatch(/ is NaN at step 10: try a smaller learning rate/);
    const { state } = await resumeFrom(folder.file(checkpointName), { model: subject.model, optimizer });
    expect(state.step).toBe(9);
  }));

describe("the best epochs", () => {
  const scores = [0.5, Number.NaN, 0.9, 0.1, 0.7];
  const best = { monitor: "validation/score", mode: "max", count: 2 } as const;
  const run = async (device: Device, folder: RunFolder, { epochs, isResumed }: { epochs: number; isResumed: boolean }) => {
    using subject = new Subject();
    let epoch = isResumed ? 2 : 0;
    await fit({
      ...optionsOf(subject, device),
      batchSize: 22,
      epochs,
      validate: async () => ({ score: scores[epoch++]! }),
      callbacks: [new Checkpoints({ folder, best })],
      ...(isResumed && { resume: await resumeFrom(folder.file(checkpointName), subject) }),
    });
  };
  const names = (folder: RunFolder): string[] => readdirSync(folder.path).filter((name) => name.startsWith("best"));

  test("are kept, over a resume too; NaN is never among them", () =>
    onDevice(oracle(), async (device) => {
      await using folder = await RunFolder.open(join(parent, "run"));
      await run(device, folder, { epochs: 2, isResumed: false });
      expect(names(folder)).toEqual(["best-epoch-1.safetensors"]);
      await run(device, folder, { epochs: 5, isResumed: true });
      expect(names(folder)).toEqual(["best-epoch-3.safetensors", "best-epoch-5.safetensors"]);
      using other = new Subject();
      await expect(
        fit({
          ...optionsOf(other, device),
          callbacks: [new Checkpoints({ folder, best: { ...best, monitor: "f1" } })],
        }),
      ).rejects.toThrow('Checkpoints: expected a metric "f1", got only loss, accuracy, validation/loss, validation/accuracy.');
      expect(() => new Checkpoints({ folder, best: { ...best, mode: "maximum" as "max" } })).toThrow('expected min or max, got "maximum"');
      expect(() => new Checkpoints({ folder, everySeconds: Number.NaN })).toThrow("expected everySeconds ≥ 0, got NaN");
    }));

  test("are those of the run at hand, where the callback had another one before it", () =>
    onDevice(oracle(), async (device) => {
      await using folder = await RunFolder.open(join(parent, "run"));
      const callbacks = [new Checkpoints({ folder, best: { ...best, count: 1 } })];
      for (const [scores, kept] of [
        [[0.1, 0.9], 2],
        [[0.5, 0.3], 1],
      ] as const) {
        using subject = new Subject();
        let epoch = 0;
        const validate = async () => ({ score: scores[epoch++]! });
        await fit({ ...optionsOf(subject, device), epochs: 2, validate, callbacks });
        expect(names(folder)).toEqual([`best-epoch-${kept}.safetensors`]);
        using again = new Subject();
        await resumeFrom(folder.file(checkpointName), again);
        expect(await again.bits()).toEqual(await subject.bits());
      }
    }));
});

test("while one run works in a folder, another is refused", () =>
  onDevice(oracle(), async (device) => {
    await using folder = await RunFolder.open(join(parent, "run"));
    using subject = new Subject();
    const refused: unknown[] = [];
    const second: Callback = {
      name: "second",
      onStep: async () => void refused.push(await RunFolder.open(folder.path, { resume: true }).catch((error: Error) => error.message)),
    };
    await fit({ ...optionsOf(subject, device), batchSize: 22, epochs: 1, callbacks: [new Checkpoints({ folder }), second] });
    expect(refused).toEqual([expect.stringMatching(/expected nobody at work here, but process \d+/)]);
  }));

test("a full disk ends the run with a clear error, and the checkpoint before it stands", async ({ skip }) => {
  const disk = mountSmallDisk();
  if (disk === undefined) return skip("a small disk can be mounted on Linux, as root");
  try {
    await onDevice(oracle(), async (device) => {
      using subject = new Subject();
      await using folder = await RunFolder.open(join(disk.path, "run"));
      const ballast: Callback = { name: "ballast", onEpoch: (_, { epoch }) => void (epoch === 1 && fillUp(folder.file("ballast"))) };
      const run = fit({ ...optionsOf(subject, device), callbacks: [new Checkpoints({ folder }), ballast] });
      await expect(run).rejects.toThrow(
        /expected to write .+checkpoint\.safetensors \(which is as it was\), but the disk is full \(ENOSPC\)/,
      );
      const { state } = await resumeFrom(folder.file(checkpointName), subject);
      expect(state.epoch).toBe(1);
    });
  } finally {
    disk.unmount();
  }
});
