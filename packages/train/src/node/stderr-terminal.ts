/** This process's standard error as a terminal for progress: standard output stays free for results. */

import type { Terminal } from "../progress-bar.ts";

/** A stream such as `process.stderr`. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface StderrTerminalOptions {
  /** Default `process.stderr`. */
  readonly stream?: TerminalStream;
  /** Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Lines are rewritten on a TTY, unless `TERM=dumb` or `CI` is set. Colours need that too, and no `NO_COLOR` (no-color.org).
 * `━` needs a UTF-8 locale, or a modern terminal on Windows.
 */
export function stderrTerminal({ stream = process.stderr, environment = process.env }: StderrTerminalOptions = {}): Terminal {
  const isSet = (name: string): boolean => (environment[name] ?? "") !== "";
  const rewrites = stream.isTTY === true && environment.TERM !== "dumb" && !isSet("CI");
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || "";
  return {
    write: (text) => {
      stream.write(text);
    },
    get columns() {
      // Some pseudo-terminals say 0.
      return stream.columns || 80;
    },
    rewrites,
    colors: rewrites && !isSet("NO_COLOR"),
    unicode: /utf-?8/i.test(locale) || isSet("WT_SESSION"),
  };
}
