/** Trains an agent in a run's folder, from the start or from the last checkpoint. */

import { readFile, rm } from "node:fs/promises";
import { type Device, Rng } from "@dl/core";
import { parseCsvRecords } from "@dl/data";
import { type Algorithm, type LearnLog, learn, logMeanings, type PreparedTask, prepare } from "@dl/rl";
import { formatCount, formatDuration, renderRunReport } from "@dl/train";
import { MetricsCsv, type RunFolder, TensorBoardWriter } from "@dl/train/node";
import { Interrupt } from "../interrupt.ts";
import { fileExists, runFiles } from "../run-files.ts";
import { resultsOf, writeOutcome } from "../run-outcome.ts";
import { BestFilm, type FilmNote, filmName } from "./best-film.ts";
import { describeMeasure, evaluateApart, formatReturn, measureAgent, measureName } from "./evaluate-task.ts";
import { agentName, checkpointName, type TaskRun } from "./task-run.ts";

export interface TrainTaskOptions {
  device: Device;
  folder: RunFolder;
  resume: boolean;
  json: boolean;
}

/** Trains, tells how it went, and gives the exit code. */
export async function trainTask(run: TaskRun, { device, folder, resume, json }: TrainTaskOptions): Promise<number> {
  using interrupt = new Interrupt();
  const { task, settings } = run;
  await task.load?.();
  const prepared = prepare(task, { device, rng: new Rng(settings.seed).fork("agent"), steps: settings.steps });
  using agent = prepared.algorithm;
  const saved = folder.file(checkpointName);
  const resumes = resume && (await fileExists(saved));
  if (resumes) agent.restore(await readFile(saved), { file: saved });
  if (resume && !resumes) {
    // Stopped before its first checkpoint: to begin anew gives the same bits.
    console.error("no checkpoint yet: beginning anew");
    for (const name of ["metrics.csv", "tensorboard"]) await rm(folder.file(name), { recursive: true, force: true });
  }
  console.error(resumes ? `going on after step ${formatCount(agent.steps)}` : `${formatCount(settings.steps)} environment steps`);
  const from = resumes ? { resumedStep: agent.steps } : {};
  const film = await BestFilm.open(prepared, { folder, rng: new Rng(settings.seed).fork("film"), resumes });
  const csv = await MetricsCsv.open(folder.file("metrics.csv"), from);
  const events = new TensorBoardWriter(folder.file("tensorboard"), from);
  const logs: LearnLog[] = resumes ? await readLogs(folder) : [];
  const between = Math.max(1, Math.floor(settings.steps / 200));
  let logged = logs.at(-1)?.steps ?? agent.steps;
  let savedAt = performance.now();
  const save = async (): Promise<void> => {
    // First, or a run that is killed between the two has seen its best evaluation and never shows it.
    await film.write();
    await folder.write(checkpointName, await agent.save());
  };
  try {
    const { reason, seconds } = await learn(agent, {
      steps: settings.steps,
      stopAtReturn: settings.stopAtReturn ?? Infinity,
      signal: interrupt.signal,
      evaluateEvery: Math.max(1, Math.ceil(settings.steps / 10)),
      async evaluate() {
        const rng = new Rng(settings.seed).fork(`evaluation ${agent.steps}`);
        const evaluation = await evaluateApart(prepared, { copies: 5, rng });
        await film.offer(evaluation.mean);
        return evaluation;
      },
      async onLog(log) {
        if (log.evaluation_mean === undefined && log.steps - logged < between) return;
        logged = log.steps;
        logs.push(log);
        const { steps: step, ...numbers } = log;
        await csv.append({ step, ...numbers });
        for (const [name, value] of Object.entries(log)) if (name !== "steps") events.scalar(name, value, { step: log.steps });
        if (log.evaluation_mean !== undefined) {
          const { steps, evaluation_mean: mean, evaluation_std: std = 0, steps_per_second: speed = 0 } = log;
          console.error(
            `${formatCount(steps)} steps  return ${mean.toFixed(1)} ± ${std.toFixed(1)}  ${formatCount(Math.round(speed))} steps/s`,
          );
        }
        if (performance.now() - savedAt > 60_000) {
          await save();
          savedAt = performance.now();
        }
      },
    });
    await save();
    const told = {
      task: task.name,
      backend: settings.backend,
      device: device.name,
      seed: settings.seed,
      steps: agent.steps,
      seconds,
      reason,
    };
    if (reason === "stopped") {
      if (json) console.log(JSON.stringify({ ...told, files: await runFiles(folder) }));
      console.error(`stopped after ${formatCount(agent.steps)} steps. Go on with: pnpm dl resume ${folder.path}`);
      return interrupt.exitCode;
    }
    if (reason === "return reached") console.error(`return of ${settings.stopAtReturn} reached after ${formatCount(agent.steps)} steps`);
    const outcome = await finish(run, {
      ...{ agent, prepared, folder, logs, film, seconds, isWhole: !resumes, device, signal: interrupt.signal },
    });
    if (json) console.log(JSON.stringify({ ...told, return: outcome, goal: task.goal, files: await runFiles(folder) }));
    else {
      const written = [agentName, "report.html", ...(film.note ? [filmName] : [])];
      console.log(`${describeMeasure(run, outcome)}\n${folder.path}: ${written.join(", ")}`);
    }
    return 0;
  } catch (error) {
    const code = interrupt.codeFor(error);
    // While the trained agent was measured.
    console.error(`stopped. Go on with: pnpm dl resume ${folder.path}`);
    return code;
  } finally {
    await csv.close();
    events.close();
  }
}

interface FinishOptions {
  agent: Algorithm;
  prepared: PreparedTask;
  folder: RunFolder;
  logs: readonly LearnLog[];
  film: BestFilm;
  seconds: number;
  /** Whether `seconds` are those of the whole training. */
  isWhole: boolean;
  device: Device;
  signal: AbortSignal;
}

/** The rows of `metrics.csv`: what a run had logged before it was stopped. */
async function readLogs(folder: RunFolder): Promise<LearnLog[]> {
  return parseCsvRecords(await readFile(folder.file("metrics.csv"), "utf8")).map(({ step, ...cells }) => {
    const numbers = Object.entries(cells).filter(([, cell]) => cell !== "");
    return { ...Object.fromEntries(numbers.map(([name, cell]) => [name, Number(cell)])), steps: Number(step) };
  });
}

/** Writes the agent as it is at the end, its return over 100 episodes or what the task says, and a report. */
async function finish(
  run: TaskRun,
  { agent, prepared, folder, logs, film, seconds, isWhole, device, signal }: FinishOptions,
): Promise<{ mean: number; std: number }> {
  const { task, settings } = run;
  await folder.write(agentName, await agent.save());
  const command = commandOf(run);
  const measure = measureName(run);
  const { mean, std } = await measureAgent(run, { prepared, signal });
  const charts = ["return_mean", "evaluation_mean", "entropy", "q_mean", "approx_kl", "explained_variance"].flatMap((name) => {
    const points = logs.flatMap((log) => (log[name] === undefined ? [] : [{ x: log.steps, y: log[name] }]));
    return points.length > 1 ? [{ title: `${name}: ${logMeanings[name]}`, xLabel: "steps", series: [{ name, points }] }] : [];
  });
  await folder.write(
    "report.html",
    renderRunReport({
      title: task.title,
      highlights: [{ name: measure, value: formatReturn(run, { mean, std }) }],
      charts,
      summary: [
        { name: "command", value: command },
        { name: "goal", value: String(task.goal) },
        { name: "time", value: formatDuration(seconds) },
        { name: "device", value: device.name },
        ...(film.note ? [{ name: filmName, value: describeFilm(film.note) }] : []),
      ],
    }),
  );
  const measured = { [measure]: mean, "their standard deviation": std };
  // Fewer steps than the task's are a trial, which promises nothing.
  const goals = settings.steps >= task.steps ? { [measure]: { atLeast: task.goal } } : {};
  await writeOutcome(folder, {
    ...{ name: task.name, title: task.title, command, seed: settings.seed, device: device.name, steps: agent.steps },
    seconds: isWhole ? seconds : null,
    results: resultsOf(measured, goals),
  });
  return { mean, std };
}

function describeFilm({ steps, evaluationMean, return: sum, length }: FilmNote): string {
  return `a return of ${sum.toFixed(2)} in ${length} steps, by the agent of the best evaluation (${evaluationMean.toFixed(2)}, after ${formatCount(steps)} steps)`;
}

function commandOf({ task, settings: { seed, steps, stopAtReturn, backend, threads } }: TaskRun): string {
  const words = [`pnpm dl train ${task.name} --seed ${seed} --steps ${steps}`];
  if (stopAtReturn !== null) words.push(`--stop-at-return=${stopAtReturn}`);
  if (backend !== "auto") words.push(`--backend ${backend}`);
  if (threads !== 1) words.push(`--threads ${threads}`);
  return words.join(" ");
}
