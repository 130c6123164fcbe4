/** dl worker: runs the trials of searches on other machines. */

import { DataError } from "@dl/core";
import { openTrialWorkers } from "@dl/nas/node";
import { serveTrials } from "@dl/nas/queue";
import { type Command, text, UsageError, wholeNumber } from "../command.ts";
import { Interrupt } from "../interrupt.ts";
import { recipeNamed } from "../recipes/index.ts";
import { importProblem, queueOf, trainingTrial } from "../search/target.ts";
import { WorkerPools } from "../search/worker-pools.ts";

/** What `dl search --queue` says of a trial. */
interface About {
  /** The search. */
  readonly run: string;
  readonly problem: string;
  readonly input: unknown;
}

export const workerCommand: Command = {
  name: "worker",
  summary: "Run the trials that dl search --queue gives out, here or on another machine.",
  positionals: "[module]",
  details: [
    "Without a module: trials of recipes. With one: trials of its problem; give the same module as to dl search.",
    "A worker that dies gives its trial back. Ctrl-C ends the trials at hand first; a second one gives them back.",
  ].join("\n"),
  options: {
    queue: { value: "URL", help: "The Redis server: redis://host:port. Start it with: redis-server --appendonly yes." },
    workers: { value: "N", help: "Trials at once, a thread each. Default 1." },
  },
  async run(args) {
    const url = text(args, "queue");
    if (url === undefined)
      throw new UsageError("expected --queue with the address of a Redis server, such as redis://localhost:6379, got none.");
    const workers = wholeNumber(args, "workers", { least: 1, otherwise: 1 });
    const [path] = args.positionals;
    const own = path === undefined ? undefined : await importProblem(path);
    // In threads: this one must answer to Redis while they compute.
    await using pools = new WorkerPools((about) =>
      openTrialWorkers(own?.module ?? trainingTrial(), { workers, input: (about as About).input, quiet: true }),
    );
    const open = (about: unknown) => {
      const { problem } = about as About;
      if (own && own.problem.name !== problem)
        throw new DataError(`dl worker: expected trials of ${own.problem.name}, got one of ${problem}.`);
      if (!own) recipeNamed(problem);
      return pools.evaluateOf(about);
    };
    using interrupt = new Interrupt();
    let done = 0;
    const service = await serveTrials({
      ...{ url, workers, open, queue: queueOf(own?.problem.name) },
      onTrial: (number, kind) => console.error(`trial ${number}: ${kind} (${++done} here)`),
    });
    console.error(`waiting for trials of ${own?.problem.name ?? "recipes"} at ${url}, ${workers} at once`);
    const stopped = new Promise<void>((resolve) => interrupt.signal.addEventListener("abort", () => resolve(), { once: true }));
    await stopped;
    await service.close();
    return interrupt.exitCode;
  },
};
