/** The command line of the bench. */

import { parseArgs } from "node:util";
import { OptionError } from "@dl/core";
import type { BenchCase } from "./case.ts";
import { cases } from "./cases.ts";

export interface BenchOptions {
  readonly cases: readonly BenchCase[];
  readonly quick: boolean;
  readonly threads: number;
  readonly relaxed: boolean | "auto";
  readonly node: string;
  readonly seed: number;
  /** Where the JSON goes. Default: bench/results/<engine>.json for a full run, nowhere for others. */
  readonly out: string | undefined;
  readonly json: boolean;
  readonly check: boolean;
  readonly help: boolean;
}

export const usage: string = `pnpm bench [options]

Times @dl beside PyTorch (the Python of DL_PYTHON, or one with torch on the path) and tfjs-wasm, turn by turn.
A full run writes bench/results/<engine>.json and its section of docs/results.md.

  --only <name>     cases whose name begins so; may be repeated
  --quick           a few calls of everything: shows that it runs, measures nothing
  --threads <n>     of ours and of PyTorch (default 2)
  --relaxed         insist on relaxed SIMD; in Node 20 and 22 this sets V8's flag for it
  --no-relaxed      plain SIMD, also where relaxed SIMD is there
  --node <path>     the Node that runs ours (default: the one that runs this)
  --seed <n>        of weights and inputs (default 1)
  --out <file>      write the JSON there
  --json            print the JSON instead of the table
  --check           exit with 1 when a floor is missed, or cannot be judged for want of a peer
  --help

Cases: ${cases.map(({ name }) => name).join(", ")}

Under Node 24, which has relaxed SIMD:
  npx -y -p node@24 -- node --conditions=@dl/source --import tsx bench/main.ts
`;

export function parseOptions(inputs: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...inputs],
    options: {
      only: { type: "string", multiple: true },
      quick: { type: "boolean", default: false },
      threads: { type: "string", default: "2" },
      relaxed: { type: "boolean" },
      "no-relaxed": { type: "boolean" },
      node: { type: "string", default: process.execPath },
      seed: { type: "string", default: "1" },
      out: { type: "string" },
      json: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { only, quick, node, out, json, check, help } = values;
  if (values.relaxed && values["no-relaxed"]) throw new OptionError("bench: expected --relaxed or --no-relaxed, got both.");
  if (quick && check) throw new OptionError("bench: expected --check without --quick, got both: a quick run measures nothing.");
  const chosen = only === undefined ? cases : cases.filter(({ name }) => only.some((start) => name.startsWith(start)));
  if (chosen.length === 0) {
    throw new OptionError(`--only: expected the beginning of ${cases.map(({ name }) => name).join(", ")}, got ${only?.join(", ")}.`);
  }
  return {
    cases: chosen,
    quick,
    threads: whole("--threads", values.threads, 1),
    relaxed: values.relaxed ? true : values["no-relaxed"] ? false : "auto",
    node,
    seed: whole("--seed", values.seed, 0),
    out,
    json,
    check,
    help,
  };
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new OptionError(`${option}: expected a whole number ≥ ${least}, got ${text}.`);
  return value;
}
