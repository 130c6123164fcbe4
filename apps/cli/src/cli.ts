/** The command line: finds the command, and turns errors into messages and exit codes. */

import { DlError } from "@dl/core";
import { type Command, helpOf, parseCommand, UsageError } from "./command.ts";
import { bench } from "./commands/bench.ts";
import { chat } from "./commands/chat.ts";
import { compress } from "./commands/compress.ts";
import { doctor } from "./commands/doctor.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { explainCommand } from "./commands/explain.ts";
import { exportCommand } from "./commands/export.ts";
import { generateCommand } from "./commands/generate.ts";
import { inspect } from "./commands/inspect.ts";
import { interpolate } from "./commands/interpolate.ts";
import { predict } from "./commands/predict.ts";
import { resume } from "./commands/resume.ts";
import { sample } from "./commands/sample.ts";
import { score } from "./commands/score.ts";
import { searchCommand } from "./commands/search.ts";
import { serve } from "./commands/serve.ts";
import { train } from "./commands/train.ts";
import { watch } from "./commands/watch.ts";
import { workerCommand } from "./commands/worker.ts";

const commands: readonly Command[] = [
  train,
  searchCommand,
  workerCommand,
  resume,
  evaluateCommand,
  predict,
  explainCommand,
  compress,
  exportCommand,
  generateCommand,
  chat,
  sample,
  interpolate,
  score,
  serve,
  inspect,
  watch,
  bench,
  doctor,
];

function overview(): string {
  const width = Math.max(...commands.map(({ name, positionals }) => `${name} ${positionals}`.length));
  const rows = commands.map(({ name, positionals, summary }) => `  ${`${name} ${positionals}`.padEnd(width)}  ${summary}`);
  return ["Usage: dl <command> [options]", "", "Commands:", ...rows, "", "dl <command> --help tells more."].join("\n");
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv[0] === "--" ? argv.slice(1) : argv;
  if (name === undefined) {
    console.error(overview());
    return 2;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    console.log(overview());
    return 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (!command)
    throw new UsageError(`expected a command (${commands.map((candidate) => candidate.name).join(", ")}), got ${JSON.stringify(name)}.`);
  const args = parseCommand(command, rest);
  if (args.values.help) {
    console.log(helpOf(command));
    return 0;
  }
  return command.run(args);
}

/** Of a file, a folder, a port or a name on the network: the system says which, and what is wrong. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/**
 * Runs `dl` with the words that follow its name.
 *
 * @returns The exit code: 0; 1 for work that failed; 2 for wrong words; 130, 141 and 143 for work that was interrupted.
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  try {
    return await main(argv);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`dl: ${error.message}\nSee: dl --help, or dl <command> --help`);
      return 2;
    }
    if (error instanceof DlError) console.error(`dl: ${error.name}: ${error.message}`);
    else if (isSystemError(error)) console.error(`dl: ${error.message}.`);
    else console.error("dl: this is a defect of dl itself:", error);
    return 1;
  }
}
