/** Trains an agent in a run's folder, from the start or from the last checkpoint. */

import { readFile } from "node:fs/promises";
import { type Device, Rng } from "@dl/core";
import {
  type Algorithm,
  encodeApng,
  evaluatePolicy,
  type LearnLog,
  learn,
  logMeanings,
  type PreparedTask,
  prepare,
  rasterize,
} from "@dl/rl";
import { formatCount, formatDuration, renderRunReport } from "@dl/train";
import { MetricsCsv, type RunFolder, TensorBoardWriter } from "@dl/train/node";
import { Interrupt } from "../interrupt.ts";
import { fileExists } from "../run-files.ts";
import { resultsOf, writeOutcome } from "../run-outcome.ts";
import { playBestEpisode } from "./play-episode.ts";
import { agentName, type TaskRun } from "./task-run.ts";

const checkpointName = "checkpoint.safetensors";

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
  console.error(resumes ? `going on after step ${formatCount(agent.steps)}` : `${formatCount(settings.steps)} environment steps`);
  const from = resumes ? { resumedStep: agent.steps } : {};
  const csv = await MetricsCsv.open(folder.file("metrics.csv"), from);
  const events = new TensorBoardWriter(folder.file("tensorboard"), from);
  const logs: LearnLog[] = [];
  const between = Math.max(1, Math.floor(settings.steps / 200));
  let logged = agent.steps;
  let savedAt = performance.now();
  try {
    const { reason, seconds } = await learn(agent, {
      steps: settings.steps,
      stopAtReturn: settings.stopAtReturn ?? Infinity,
      signal: interrupt.signal,
      evaluateEvery: Math.max(1, Math.ceil(settings.steps / 10)),
      evaluate: () =>
        evaluatePolicy(agent, { environments: prepared.evaluation(5), rng: new Rng(settings.seed).fork(`evaluation ${agent.steps}`) }),
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
          await folder.write(checkpointName, await agent.save());
          savedAt = performance.now();
        }
      },
    });
    await folder.write(checkpointName, await agent.save());
    if (reason === "stopped") {
      console.error(`stopped after ${formatCount(agent.steps)} steps. Go on with: pnpm dl resume ${folder.path}`);
      return interrupt.exitCode;
    }
    if (reason === "return reached") console.error(`return of ${settings.stopAtReturn} reached after ${formatCount(agent.steps)} steps`);
    return await finish(run, { agent, prepared, folder, logs, seconds, isWhole: !resumes, json, device });
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
  seconds: number;
  /** Whether `seconds` are those of the whole training. */
  isWhole: boolean;
  json: boolean;
  device: Device;
}

/** The agent, its return over 100 episodes, a film of the best of five more, and a report. */
async function finish(
  { task, settings }: TaskRun,
  { agent, prepared, folder, logs, seconds, isWhole, json, device }: FinishOptions,
): Promise<number> {
  await folder.write(agentName, await agent.save());
  const command = commandOf({ task, settings });
  const rng = new Rng(settings.seed).fork("test");
  const { mean, std } = await evaluatePolicy(agent, { environments: prepared.evaluation(10), rng, episodes: 100 });
  const { drawings } = await playBestEpisode(prepared, rng.fork("film"), { of: 5 });
  if (drawings.length > 0)
    await folder.write("episode.apng", encodeApng(drawings.slice(0, 600).map((drawing) => rasterize(drawing, { width: 300 }))));
  const charts = ["return_mean", "evaluation_mean", "entropy", "q_mean", "approx_kl", "explained_variance"].flatMap((name) => {
    const points = logs.flatMap((log) => (log[name] === undefined ? [] : [{ x: log.steps, y: log[name] }]));
    return points.length > 1 ? [{ title: `${name}: ${logMeanings[name]}`, xLabel: "steps", series: [{ name, points }] }] : [];
  });
  await folder.write(
    "report.html",
    renderRunReport({
      title: task.title,
      highlights: [{ name: "mean return of 100 episodes", value: `${mean.toFixed(1)} ± ${std.toFixed(1)}` }],
      charts,
      summary: [
        { name: "command", value: command },
        { name: "goal", value: String(task.goal) },
        { name: "time", value: formatDuration(seconds) },
        { name: "device", value: device.name },
      ],
    }),
  );
  const measured = { "mean return of 100 episodes": mean, "their standard deviation": std };
  // Fewer steps than the task's are a trial, which promises nothing.
  const goals = settings.steps >= task.steps ? { "mean return of 100 episodes": { atLeast: task.goal } } : {};
  await writeOutcome(folder, {
    ...{ name: task.name, title: task.title, command, seed: settings.seed, device: device.name, steps: agent.steps },
    seconds: isWhole ? seconds : null,
    results: resultsOf(measured, goals),
  });
  const verdict = mean >= task.goal ? "reached" : "missed";
  if (json)
    console.log(
      JSON.stringify({ task: task.name, steps: agent.steps, seconds, device: device.name, return: { mean, std }, goal: task.goal }),
    );
  else
    console.log(
      `mean return of 100 episodes: ${mean.toFixed(1)} ± ${std.toFixed(1)}; the goal of ${task.goal} was ${verdict}\n${folder.path}: ${agentName}, report.html, episode.apng`,
    );
  return 0;
}

function commandOf({ task, settings: { seed, steps, stopAtReturn } }: TaskRun): string {
  return `pnpm dl train ${task.name} --seed ${seed} --steps ${steps}${stopAtReturn === null ? "" : ` --stop-at-return=${stopAtReturn}`}`;
}
