import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostTensor } from "@dl/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readMessage, readRecords } from "../../fixtures/read-events.ts";
import type { Callback } from "../callback.ts";
import type { FitResult } from "../epoch-loop.ts";
import { fit } from "../fit.ts";
import { backends, onDevice, optionsOf, Subject } from "../run-fixture.ts";
import { Checkpoints, checkpointName, resumeFrom } from "./checkpoints.ts";
import { RunFolder } from "./run-folder.ts";
import { TensorBoardLog } from "./tensorboard-log.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "dl-tensorboard-log-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

const oracle = backends[0]!.open;

test("weights that are not finite are counted, and no error of their own ends the run", () =>
  onDevice(oracle(), async (device) => {
    using subject = new Subject();
    const [first] = subject.model.parameters();
    const poison = { name: "poison", onEpoch: () => first!.load(hostTensor(new Float32Array(16).fill(Number.NaN, 3), [2, 8])) };
    const { reason } = await fit({ ...optionsOf(subject, device), epochs: 1, callbacks: [poison, new TensorBoardLog({ folder: parent })] });
    expect(reason).toBe("finished");
    const text = readFileSync(join(parent, readdirSync(parent)[0]!), "latin1");
    expect(text).toContain("notFinite/layers.0.weight");
    expect(text).not.toContain("notFinite/layers.4.weight");
  }));

test("never and now and then are said in whole numbers: every 0 steps would log none", () => {
  expect(() => new TensorBoardLog({ folder: parent, everySteps: 0 })).toThrow("a whole everySteps ≥ 1, got 0");
  expect(() => new TensorBoardLog({ folder: parent, histogramEpochs: 0.5 })).toThrow("whole histogramEpochs ≥ 0, got 0.5");
});

test("a run that failed leaves a file of whole records", () =>
  onDevice(oracle(), async (device) => {
    using subject = new Subject();
    const late = {
      name: "late",
      onStep: (_: unknown, { step }: { step: number }) => {
        if (step === 3) throw new Error("late");
      },
    };
    const run = fit({ ...optionsOf(subject, device), callbacks: [new TensorBoardLog({ folder: parent, everySteps: 1 }), late] });
    await expect(run).rejects.toThrow("late");
    const bytes = new Uint8Array(readFileSync(join(parent, readdirSync(parent)[0]!)));
    // The version, and loss, accuracy and learning rate of three steps.
    expect(readRecords(bytes).map(({ data }) => readMessage(data))).toHaveLength(1 + 9);
  }));

// Runs where python has tensorboard: DL_PYTHON, or python3.
const python = [process.env.DL_PYTHON, "python3"].find((candidate) => {
  if (candidate === undefined) return false;
  try {
    execFileSync(candidate, ["-c", "import tensorboard"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

describe.skipIf(python === undefined)("the real TensorBoard", () => {
  test("opens the folder of a run that was stopped and resumed, as if it never had been", () =>
    onDevice(oracle(), async (device) => {
      await using folder = await RunFolder.open(join(parent, "run"));
      const part = async (isResumed: boolean, stopAfter?: number): Promise<FitResult> => {
        using subject = new Subject();
        const board = new TensorBoardLog({ folder: folder.file("tensorboard"), everySteps: 2 });
        const stop: Callback = { name: "stop", onStep: (run, { step }) => void (step === stopAfter && run.stop("enough")) };
        return await fit({
          ...optionsOf(subject, device),
          callbacks: [board, new Checkpoints({ folder }), stop],
          ...(isResumed && { resume: await resumeFrom(folder.file(checkpointName), subject) }),
        });
      };
      await part(false, 9);
      const { history } = await part(true);

      const script = new URL("../../../../tooling/fixtures/read_tensorboard.py", import.meta.url).pathname;
      const text = execFileSync(python!, [script, folder.file("tensorboard")], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
      const { scalars, histograms } = JSON.parse(text) as {
        scalars: Record<string, [number, number, string][]>;
        histograms: Record<string, { step: number; num: number }[]>;
      };
      expect(Object.keys(scalars).sort()).toEqual([
        "step/accuracy",
        "step/learningRate",
        "step/loss",
        "time/examplesPerSecond",
        "time/seconds",
        "train/accuracy",
        "train/learningRate",
        "train/loss",
        "validation/accuracy",
        "validation/loss",
      ]);
      expect(scalars["step/loss"]!.map(([step]) => step)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18]);
      for (const [tag, values] of Object.entries(scalars).filter(([name]) => /^(train|validation)/.test(name))) {
        const of = ({ metrics, learningRate }: FitResult["history"][number]): number =>
          ({ ...metrics, learningRate })[tag.replace("train/", "")]!;
        expect(values.map(([step, , value]) => [step, Number(value)])).toEqual(
          history.map((record) => [record.step, Math.fround(of(record))]),
        );
      }
      expect(histograms["layers.0.weight"]!.map(({ step, num }) => [step, num])).toEqual([
        [6, 16],
        [12, 16],
        [18, 16],
      ]);
    }));
});
