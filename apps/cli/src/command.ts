/** What a command is, and how its arguments are read. */

import { type ParseArgsConfig, parseArgs } from "node:util";
import { backendNames } from "./backends.ts";

/** Wrong words on the command line: the message and a hint are printed, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** One option, as `--help` shows it. */
export interface CommandOption {
  /** What stands for the value, such as `N`; none for a switch. */
  readonly value?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What comes after the name: `<recipe>`. */
  readonly positionals: string;
  /** Explanation below the usage line; may be empty. */
  readonly details: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  run(args: Arguments): Promise<number>;
}

/** Parsed arguments. */
export interface Arguments {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

export function parseCommand(command: Command, argv: readonly string[]): Arguments {
  const options: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean", short: "h" } };
  for (const [name, { value }] of Object.entries(command.options)) options[name] = { type: value ? "string" : "boolean" };
  let parsed: Arguments;
  try {
    const { positionals, values } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    parsed = { positionals, values: values as Arguments["values"] };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (!parsed.values.help) {
    refuseSurplus(command, parsed);
    refuseEmpty(command, parsed);
  }
  return parsed;
}

/** More words than the usage line has places for, one of which `--run` fills: none is passed over in silence. */
function refuseSurplus({ positionals: places }: Command, args: Arguments): void {
  const isNamed = text(args, "run") !== undefined;
  const names = [...places.matchAll(/<[^>]+>|\[[^\]]+\]|\S+/g)].map(([name]) => name).slice(isNamed ? 1 : 0);
  if (names.at(-1) === "…" || args.positionals.length <= names.length) return;
  const expected = names.length > 0 ? names.join(" ") : "no words but options";
  throw new UsageError(`expected ${expected}${isNamed ? " beside --run" : ""}, got ${args.positionals.join(" ")}.`);
}

/** As `--out "$RUN"` gives where RUN is not set: taken as a path, it would be the folder at hand. */
function refuseEmpty({ positionals: places }: Command, { positionals, values }: Arguments): void {
  const name = Object.keys(values).find((option) => values[option] === "");
  if (name === undefined && positionals[0] !== "") return;
  const [what, where] = name === undefined ? [places, ""] : ["a value", `--${name}: `];
  throw new UsageError(`${where}expected ${what}, got an empty word. Is a variable of the shell not set?`);
}

export function helpOf({ name, summary, positionals, details, options }: Command): string {
  const rows = Object.entries({ ...options, help: { help: "Show this." } }).map(
    ([option, { value, help }]: [string, CommandOption]) => [`  --${option}${value ? ` ${value}` : ""}`, help] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  const usage = `Usage: dl ${name}${positionals && ` ${positionals}`} [options]`;
  return [
    usage,
    "",
    summary,
    ...(details ? ["", details] : []),
    "",
    "Options:",
    ...rows.map(([left, help]) => `${left.padEnd(width)}  ${help}`),
  ].join("\n");
}

interface WholeNumberOptions {
  least: number;
  /** Default any. */
  most?: number;
  /** What stands for an option that is not given. */
  otherwise: number;
}

/** The value of an option that must be a whole number ≥ `least`, and ≤ `most`. */
export function wholeNumber({ values }: Arguments, name: string, { least, most = Infinity, otherwise }: WholeNumberOptions): number {
  const text = values[name];
  if (text === undefined) return otherwise;
  const number = numberIn(text);
  if (!Number.isSafeInteger(number) || number < least || number > most) {
    const range = most === Infinity ? `≥ ${least}` : `from ${least} to ${most}`;
    throw new UsageError(`--${name}: expected a whole number ${range}, got ${JSON.stringify(text)}.`);
  }
  return number;
}

/** The options of commands that compute. */
export const deviceOptions: Readonly<Record<"backend" | "threads" | "json", CommandOption>> = {
  backend: { value: "NAME", help: `Device: ${backendNames.join(", ")}. Default auto.` },
  threads: { value: "N", help: "Threads of the wasm device. Default: one a core." },
  json: { help: "End with one line of JSON on stdout, and nothing else there." },
};

/** The device that `--backend` and `--threads` name, as a run saves it. */
export function deviceSettings(args: Arguments, otherwise: DeviceSettings = { backend: "auto", threads: null }): DeviceSettings {
  const backend = text(args, "backend") ?? otherwise.backend;
  if (!backendNames.includes(backend))
    throw new UsageError(`--backend: expected ${backendNames.join(", ")}, got ${JSON.stringify(backend)}.`);
  const threads = wholeNumber(args, "threads", { least: 1, otherwise: otherwise.threads ?? 0 });
  return { backend, threads: threads === 0 ? null : threads };
}

export interface DeviceSettings {
  readonly backend: string;
  /** Null for one a core. */
  readonly threads: number | null;
}

/** The value of an option that must be a positive number. */
export function positiveNumber({ values }: Arguments, name: string): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = numberIn(text);
  if (!(number > 0 && number < Infinity)) throw new UsageError(`--${name}: expected a number > 0, got ${JSON.stringify(text)}.`);
  return number;
}

/** The value of an option that may be any number. */
export function anyNumber({ values }: Arguments, name: string): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = numberIn(text);
  if (!Number.isFinite(number)) throw new UsageError(`--${name}: expected a number, got ${JSON.stringify(text)}.`);
  return number;
}

/** Decimal notation, also 1e-3; nothing else that JavaScript would take: no "", no 0x10. */
function numberIn(text: string | boolean): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(String(text)) ? Number(text) : Number.NaN;
}

export function text({ values }: Arguments, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** The only positional argument; more of them have been refused. */
export function onlyPositional({ positionals: [only] }: Arguments, what: string): string {
  if (only === undefined) throw new UsageError(`expected one ${what}, got none.`);
  return only;
}

/** What `--run` names, or else the first word. */
export function runFolder(args: Arguments): string {
  return text(args, "run") ?? onlyPositional(args, "run folder");
}
