/** dl search: looks for the best candidate of a space. */

import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { RunFolder } from "@dl/train/node";
import {
  type Arguments,
  type Command,
  deviceOptions,
  deviceSettings,
  onlyPositional,
  positiveNumber,
  text,
  UsageError,
  wholeNumber,
} from "../command.ts";
import { checkGoingOn } from "../search/going-on.ts";
import { runSearch } from "../search/run-search.ts";
import { formatSearchFile, type SearchFile, searchFileName } from "../search/search-file.ts";
import { type StoppingName, stoppingNamed, stoppingNames } from "../search/stopping.ts";
import { listStrategies, strategyNamed } from "../search/strategies.ts";
import { supernetRecipe, supernetStrategies } from "../search/supernet-search.ts";
import { openTarget, targetNamed } from "../search/target.ts";

/** The search that the command line asks for. */
export function searchFileOf(args: Arguments): SearchFile {
  const target = targetNamed(onlyPositional(args, "recipe or module"), text(args, "preset"));
  const strategy = text(args, "strategy") ?? "evolution";
  if (!Object.hasOwn(supernetStrategies, strategy)) strategyNamed(strategy);
  const optional = (name: string): number | null => {
    const number = wholeNumber(args, name, { least: 1, otherwise: 0 });
    return number === 0 ? null : number;
  };
  const limits = {
    trials: optional("trials"),
    seconds: positiveNumber(args, "seconds") ?? null,
    budget: positiveNumber(args, "budget") ?? null,
  };
  const isOpen = Object.values(limits).every((limit) => limit === null);
  const objectives = (text(args, "objectives") ?? "").split(",").filter((name) => name !== "");
  const queue = text(args, "queue") ?? null;
  if (queue !== null && !/^rediss?:\/\//.test(queue))
    throw new UsageError(`--queue: expected an address such as redis://localhost:6379, got ${queue}.`);
  const shared = text(args, "shared");
  return {
    run: randomUUID(),
    target,
    settings: {
      ...{ strategy, ...limits, ...(isOpen && { trials: 50 }), objectives, queue },
      shared: shared === undefined ? null : resolve(shared),
      seed: wholeNumber(args, "seed", { least: 0, otherwise: 1 }),
      workers: wholeNumber(args, "workers", { least: 1, otherwise: 2 }),
      stopping: stoppingIn(args),
      epochs: optional("epochs"),
      limit: optional("limit"),
      // Several trials at once share the cores.
      ...deviceSettings(args, { backend: "auto", threads: 1 }),
    },
  };
}

/** `--median-stopping` is the older way to say `--stopping median`. */
function stoppingIn(args: Arguments): StoppingName {
  const name = text(args, "stopping");
  if (args.values["median-stopping"] !== true) return stoppingNamed(name ?? "none");
  if (name !== undefined) throw new UsageError(`--stopping: expected none beside --median-stopping, got ${name}.`);
  return "median";
}

export const searchCommand: Command = {
  name: "search",
  summary: "Search for the best architecture or hyper-parameters, of a recipe or of a space of your own.",
  positionals: "<recipe or module>",
  details: [
    "A recipe is searched for what it says (cells, widths, rates), or for its learning rate and batch size; a fifth of the training set judges.",
    "A module (a path to .ts or .js) exports problem and trial: see @dl/nas.",
    "",
    "Strategies:",
    listStrategies(),
    "",
    "Each trial is written down as it ends. Ctrl-C stops; dl resume goes on. The best is in winner.json and winner.ts: dl train --winner trains it.",
  ].join("\n"),
  options: {
    strategy: { value: "NAME", help: "One of the above. Default evolution." },
    trials: { value: "N", help: "End after so many trials. Default 50 where no other limit is given." },
    seconds: { value: "S", help: "End after so many seconds." },
    budget: { value: "N", help: "End when the trials' budgets (epochs) come to this; others count 1." },
    workers: { value: "N", help: "Trials at once: threads here, or jobs in the queue. Default 2." },
    seed: { value: "N", help: "Equal seed and workers give an equal search. Default 1." },
    preset: { value: "NAME", help: "The recipe's preset to search around. Default: its first." },
    objectives: { value: "LIST", help: "Beside accuracy: parameters, flops, latency, memory, joined by commas." },
    stopping: {
      value: "RULE",
      help: `Which trials end early: ${stoppingNames.join(", ")} (below the others' median; not in the best third after 1, 3, 9, … epochs). Default none.`,
    },
    "median-stopping": { help: "The same as --stopping median." },
    epochs: { value: "N", help: "Epochs of a trial. Default the recipe's." },
    limit: { value: "N", help: "Training examples of a trial. Default the recipe's." },
    queue: { value: "URL", help: "Give the trials to dl worker --queue, through this Redis server: redis://host:port." },
    shared: {
      value: "FOLDER",
      help: "With --queue: a folder all workers reach, for weights that trials go on from (population, hyperband, …).",
    },
    out: { value: "FOLDER", help: "New folder for the search. Default runs/search-<name>-<n>." },
    ...deviceOptions,
    threads: { ...deviceOptions.threads, help: "Threads of the wasm device of each trial. Default 1." },
  },
  async run(args) {
    const file = searchFileOf(args);
    // What is wrong with the words or the module is told before there is a folder.
    checkGoingOn(file);
    const { problem } = await openTarget(file, { folder: null });
    if (Object.hasOwn(supernetStrategies, file.settings.strategy)) supernetRecipe(file);
    const out = text(args, "out");
    await using folder = out === undefined ? await RunFolder.next("runs", `search-${problem.name}`) : await RunFolder.open(out);
    await folder.write(searchFileName, formatSearchFile(file));
    console.error(
      `${problem.title}: ${file.settings.strategy}, seed ${file.settings.seed}, ${file.settings.workers} at once, in ${folder.path}`,
    );
    return await runSearch(file, { folder, json: args.values.json === true });
  },
};
