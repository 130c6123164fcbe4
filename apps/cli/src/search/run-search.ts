/** A search in its folder: from the start, or on from its journal. */

import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { type Evaluate, presetSource, renderSearchReport, type SearchResult, search } from "@dl/nas";
import { journalFile, openTrialWorkers } from "@dl/nas/node";
import { formatDuration, ProgressBar } from "@dl/train";
import { type RunFolder, stderrTerminal } from "@dl/train/node";
import { Interrupt } from "../interrupt.ts";
import { checkGoingOn, noteOnGoingOn, statesFolder } from "./going-on.ts";
import { journalName, type SearchFile, searchCommandLine } from "./search-file.ts";
import { stoppingOf } from "./stopping.ts";
import { strategyNamed } from "./strategies.ts";
import { searchSupernet, supernetStrategies } from "./supernet-search.ts";
import { type OpenTarget, openTarget, queueOf } from "./target.ts";
import { formatWinner, winnerName } from "./winner-file.ts";

/** The report is written again after so many trials. */
const reportEvery = 10;

interface Trials extends AsyncDisposable {
  readonly evaluate: Evaluate<unknown>;
}

async function openTrials({ run, settings, target }: SearchFile, { problem, module }: OpenTarget): Promise<Trials> {
  const { workers, queue } = settings;
  // What a trial prints would tear the progress line.
  if (queue === null) return openTrialWorkers(module, { workers, input: problem.input, quiet: true });
  const { openTrialQueue } = await import("@dl/nas/queue");
  return openTrialQueue({
    url: queue,
    run,
    queue: queueOf("module" in target ? problem.name : undefined),
    // Threads of its own in every worker: they load the module as it is now.
    about: { run, problem: problem.name, input: problem.input ?? null },
  });
}

export interface RunSearchOptions {
  folder: RunFolder;
  json: boolean;
}

/** Searches, writes the report and the winner, tells how it went, and gives the exit code. */
export async function runSearch(file: SearchFile, options: RunSearchOptions): Promise<number> {
  return Object.hasOwn(supernetStrategies, file.settings.strategy) ? runSupernet(file, options) : runTrials(file, options);
}

/** A search without trials: one network of all candidates. */
async function runSupernet(file: SearchFile, { folder, json }: RunSearchOptions): Promise<number> {
  const { settings, target } = file;
  using interrupt = new Interrupt();
  const { problem } = await openTarget(file, { folder: null });
  const start = performance.now();
  const result = await searchSupernet(file, { folder, signal: interrupt.signal });
  if (!result) {
    console.error(`stopped; what the last whole epoch came to is saved. Go on with: pnpm dl resume ${folder.path}`);
    return interrupt.exitCode;
  }
  const { candidate, accuracy, epochs } = result;
  const measurements = { "shared accuracy": accuracy };
  await folder.write(winnerName, formatWinner(target, { candidate, measurements }));
  const comment = [
    `Found by ${settings.strategy} in ${epochs} epochs: ${(100 * accuracy).toFixed(1)} % with shared weights.`,
    `Command: ${searchCommandLine(file)}`,
  ];
  await folder.write("winner.ts", presetSource({ name: problem.name, value: candidate.value, comment }));
  const seconds = (performance.now() - start) / 1000;
  if (json) {
    const files = { folder: folder.path, report: folder.file("report.html"), winner: folder.file(winnerName) };
    console.log(
      JSON.stringify({ search: problem.name, strategy: settings.strategy, seconds, best: { value: candidate.value, measurements }, files }),
    );
  } else {
    console.log(
      `${epochs} epochs, ${formatDuration(seconds)}; accuracy with shared weights ${(100 * accuracy).toFixed(1)} %\n${candidate.key}`,
    );
    console.log(`run folder: ${folder.path}`);
    tellTraining(target, folder);
  }
  return 0;
}

function tellTraining(target: SearchFile["target"], folder: RunFolder): void {
  if ("recipe" in target) console.log(`train it: pnpm dl train ${target.recipe} --preset ${target.preset} --winner ${folder.path}`);
}

async function runTrials(file: SearchFile, { folder, json }: RunSearchOptions): Promise<number> {
  const { settings, target } = file;
  using interrupt = new Interrupt();
  checkGoingOn(file);
  const note = noteOnGoingOn(file);
  if (note !== undefined) console.error(note);
  const opened = await openTarget(file, { folder: statesFolder(file, folder.path) });
  const { problem } = opened;
  const start = performance.now();
  const stopping = stoppingOf(settings.stopping, problem);
  const limits = Object.fromEntries(
    (["trials", "seconds", "budget"] as const).flatMap((name) => (settings[name] === null ? [] : [[name, settings[name]]])),
  );
  // Strategies that learn are tiny: the cpu device answers fastest.
  await using device = await openDevice(cpu());
  const context = { rng: new Rng(settings.seed).fork("strategy"), device, trials: settings.trials ?? 100 };
  const strategy = strategyNamed(settings.strategy).make(problem, context);
  const writeReport = ({ trials, best }: Pick<SearchResult<unknown>, "trials" | "best">): Promise<void> => {
    const summary = [
      { name: "command", value: searchCommandLine(file) },
      { name: "strategy", value: strategy.name },
      { name: "seed", value: String(settings.seed) },
      { name: "candidates in the space", value: problem.space.size === Infinity ? "∞" : String(problem.space.size) },
      { name: "Node.js", value: process.version },
    ];
    const { title, space, objectives } = problem;
    return folder.write("report.html", renderSearchReport({ title, space, objectives, trials, best, summary }));
  };
  const [main, direction] = Object.entries(problem.objectives)[0]!;
  const bar = new ProgressBar({
    ...{ terminal: stderrTerminal(), label: problem.name, unit: "trials" },
    ...(settings.trials !== null && { total: settings.trials }),
  });
  const told: SearchResult<unknown>["trials"][number][] = [];
  let reports = Promise.resolve();
  let run = 0;
  let result: SearchResult<unknown>;
  {
    await using journal = journalFile(folder.file(journalName));
    await using trials = await openTrials(file, opened);
    result = await search(problem.space, {
      ...{ strategy, evaluate: trials.evaluate, objectives: problem.objectives, limits, journal, seed: settings.seed },
      ...{ workers: settings.workers, signal: interrupt.signal },
      ...(stopping && { stopping }),
      onTrial(trial) {
        told.push(trial);
        if (trial.remembered) return;
        const values = told.flatMap(({ measurements }) => measurements?.[main] ?? []);
        const best = direction === "maximize" ? Math.max(...values) : Math.min(...values);
        bar.update({ completed: ++run, ...(values.length > 0 && { metrics: { [`best ${main}`]: best } }) });
        if (run % reportEvery === 0) reports = reports.then(() => writeReport({ trials: [...told], best: undefined }));
      },
    });
    bar.finish();
    await reports;
  }
  const { best, trials, reason } = result;
  await writeReport(result);
  if (best) {
    await folder.write(winnerName, formatWinner(target, { candidate: best.candidate, measurements: best.measurements! }));
    const measured = Object.entries(best.measurements!).map(([name, value]) => `${name} ${value}`);
    const comment = [`The best of ${run} trials (${strategy.name}): ${measured.join(", ")}.`, `Found by: ${searchCommandLine(file)}`];
    await folder.write("winner.ts", presetSource({ name: problem.name, value: best.candidate.value, comment }));
  }
  const seconds = (performance.now() - start) / 1000;
  const failed = trials.filter(({ measurements }) => measurements === null).length;
  const interrupted = reason === "interrupted";
  if (json && !interrupted) {
    const found = best && { value: best.candidate.value, measurements: best.measurements };
    const files = { folder: folder.path, report: folder.file("report.html"), ...(best && { winner: folder.file(winnerName) }) };
    console.log(
      JSON.stringify({
        search: problem.name,
        strategy: settings.strategy,
        trials: run,
        failed,
        seconds,
        reason,
        best: found ?? null,
        files,
      }),
    );
  } else if (!json) {
    const score = best ? Object.entries(best.measurements!).map(([name, value]) => `${name} ${Number(value.toPrecision(5))}`) : [];
    console.log(`${run} trials${failed > 0 ? `, ${failed} failed` : ""}, ${formatDuration(seconds)} (${reason})`);
    if (best) console.log(`best: trial ${best.number}, ${score.join(", ")}\n${best.key}`);
    console.log(`run folder: ${folder.path}`);
    if (best) tellTraining(target, folder);
  }
  if (!interrupted) return 0;
  console.error(`stopped after ${trials.length} trials. Go on with: pnpm dl resume ${folder.path}`);
  return interrupt.exitCode;
}
