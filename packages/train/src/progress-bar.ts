/** Progress of an epoch: one line that rewrites itself on a terminal, and a plain line now and then elsewhere. */

import { OptionError } from "@dl/core";
import { formatCount, formatDuration, formatMetric, formatRate } from "./quantity.ts";

/** Where progress is shown; `stderrTerminal` of `@dl/train/node` is one. */
export interface Terminal {
  write(text: string): void;
  /** Characters in a line, now: a window may change. */
  readonly columns: number;
  /** Whether a line can be written over (a TTY), or only ended (a file, a CI log). */
  readonly rewrites: boolean;
  readonly colors: boolean;
  /** Whether `━` can be shown; `#` otherwise. */
  readonly unicode: boolean;
}

export interface ProgressBarOptions {
  readonly terminal: Terminal;
  /** What progresses: `epoch 2/5`. Default: nothing. */
  readonly label?: string;
  /** How many steps there will be. Default: unknown: no bar, no end in sight. */
  readonly total?: number;
  /** Steps done before, in a resumed epoch. Default 0. */
  readonly completed?: number;
  /** What an item is, for the rate. Default `items`. */
  readonly unit?: string;
  /** Seconds between the lines where lines cannot be rewritten. Default 10. */
  readonly lineSeconds?: number;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly clock?: () => number;
}

/** Where the work stands. */
export interface Progress {
  /** Steps done. */
  readonly completed: number;
  /** Items worked on since the bar was made, for the rate. Default: no rate. */
  readonly items?: number;
  /** Shown in this order; names ending in `accuracy` in percent. */
  readonly metrics?: Readonly<Record<string, number>>;
}

const redrawMilliseconds = 100;
/** The rate forgets what lies further back than this, so that ETA follows a machine that gets slower. */
const rateMemoryMilliseconds = 10_000;
const widestBar = 30;
const narrowestBar = 8;

/**
 * @example
 * const bar = new ProgressBar({ terminal: stderrTerminal(), label: "epoch 1/5", total: 938, unit: "images" });
 * bar.update({ completed: 100, items: 6400, metrics: { loss: 0.42, accuracy: 0.87 } });
 * bar.finish();
 */
export class ProgressBar {
  readonly #options: ProgressBarOptions;
  readonly #clock: () => number;
  readonly #start: number;
  #progress: Progress;
  #drawn: number;
  #shown = false;
  #finished = false;
  // Sums over the recent past, for the rates.
  #measured: number;
  #measuredAt: Progress;
  #recentItems = 0;
  #recentSteps = 0;
  #recentMilliseconds = 0;

  constructor(options: ProgressBarOptions) {
    const { total, completed = 0, clock = () => performance.now() } = options;
    if (total !== undefined && !(total > 0)) throw new OptionError(`ProgressBar: expected a total above 0, got ${total}.`);
    this.#options = options;
    this.#clock = clock;
    this.#start = this.#drawn = this.#measured = clock();
    this.#progress = this.#measuredAt = { completed, items: 0 };
  }

  /** Cheap to call at every step: the line is redrawn ten times a second at most. */
  update(progress: Progress): void {
    if (this.#finished) return;
    this.#progress = progress;
    const { terminal, lineSeconds = 10 } = this.#options;
    const now = this.#clock();
    if (now - this.#drawn < (terminal.rewrites ? redrawMilliseconds : lineSeconds * 1000)) return;
    this.#drawn = now;
    this.#measure(now);
    if (terminal.rewrites) this.#rewrite(this.#line());
    else terminal.write(`${this.#line()}\n`);
  }

  /** Writes a line above the bar. */
  log(text: string): void {
    const { terminal } = this.#options;
    const wasShown = this.#shown;
    if (wasShown) this.#rewrite("");
    terminal.write(`${text}\n`);
    if (wasShown && !this.#finished) this.#rewrite(this.#line());
  }

  /** Shows where it ended and how long it took, and ends the line. A second call does nothing. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#options.terminal.rewrites) this.#rewrite(this.#line());
    else this.#options.terminal.write(this.#line());
    this.#options.terminal.write("\n");
    this.#shown = false;
  }

  [Symbol.dispose](): void {
    this.finish();
  }

  #measure(now: number): void {
    const elapsed = now - this.#measured;
    const kept = Math.exp(-elapsed / rateMemoryMilliseconds);
    this.#recentItems = this.#recentItems * kept + (this.#progress.items ?? 0) - (this.#measuredAt.items ?? 0);
    this.#recentSteps = this.#recentSteps * kept + this.#progress.completed - this.#measuredAt.completed;
    this.#recentMilliseconds = this.#recentMilliseconds * kept + elapsed;
    this.#measured = now;
    this.#measuredAt = this.#progress;
  }

  #line(): string {
    const { label = "", total, unit = "items", terminal } = this.#options;
    const { completed, items, metrics = {} } = this.#progress;
    const share = total === undefined ? undefined : Math.min(1, completed / total);
    const elapsed = (this.#clock() - this.#start) / 1000;
    const rate = this.#finished ? (items ?? 0) / elapsed : (1000 * this.#recentItems) / this.#recentMilliseconds;
    const secondsLeft = total === undefined ? undefined : ((total - completed) * this.#recentMilliseconds) / 1000 / this.#recentSteps;
    const parts: Record<Part, string> = {
      label,
      bar: "",
      percent: share === undefined ? "" : `${Math.floor(100 * share)}%`.padStart(4),
      count: total === undefined ? formatCount(completed) : `${formatCount(completed)}/${formatCount(total)}`,
      metrics: Object.entries(metrics)
        .map(([name, value]) => `${name} ${formatMetric(name, value)}`)
        .join("  "),
      rate: items === undefined || !(rate > 0 && rate < Infinity) ? "" : `${formatRate(rate)} ${unit}/s`,
      time: this.#finished
        ? formatDuration(elapsed)
        : secondsLeft !== undefined && secondsLeft >= 0 && secondsLeft < Infinity
          ? `ETA ${formatDuration(secondsLeft)}`
          : "",
    };
    if (!terminal.rewrites) return join(parts);
    // One column stays free: a full line would wrap in some terminals.
    const columns = terminal.columns - 1;
    for (const part of ["count", "rate", "label", "time"] as const) if (width(join(parts)) > columns) parts[part] = "";
    if (share === undefined) return cut(join(parts), columns);
    const room = Math.min(widestBar, columns - width(join(parts)) - 2);
    if (room < narrowestBar) return cut(join(parts), columns);
    parts.bar = drawBar(share, room, terminal);
    return join(parts);
  }

  #rewrite(line: string): void {
    // Back to the first column; the new line; erase what is left of the old one. ECMA-48, EL.
    this.#options.terminal.write(`\r${line}\x1b[K`);
    this.#shown = line !== "";
  }
}

type Part = "label" | "bar" | "percent" | "count" | "metrics" | "rate" | "time";

function join(parts: Readonly<Record<Part, string>>): string {
  const { label, bar, percent, count, metrics, rate, time } = parts;
  return [label, bar, percent, count, metrics, rate, time].filter((part) => part !== "").join("  ");
}

function width(text: string): number {
  return [...text].length;
}

function cut(text: string, columns: number): string {
  return [...text].slice(0, Math.max(0, columns)).join("");
}

function drawBar(share: number, columns: number, { colors, unicode }: Terminal): string {
  const filled = Math.round(share * columns);
  const [full, empty] = unicode ? ["━", colors ? "━" : "┄"] : ["#", "-"];
  const [done, left] = [full.repeat(filled), empty.repeat(columns - filled)];
  return colors ? `\x1b[36m${done}\x1b[90m${left}\x1b[39m` : done + left;
}
