/** Regular expressions as automata that read one character at a time. Thompson 1968, "Regular expression search algorithm". */

import { type Node, parsePattern } from "./pattern-parser.ts";

/** Where an automaton may stand: numbers of nodes, sorted. */
export type PatternState = readonly number[];

/**
 * A whole text must fit: `^` and `$` may stand at the ends of its alternatives, and nowhere else. Understands literals, `.`, classes
 * `[a-z^]`, `\d \w \s` and their opposites, `\n \t \r \uXXXX`, groups, `|`, `* + ? {m,n}`. No look-around, no back-references.
 * In a group `(?,a|?b|c)` the parts stand one after the other, each once, with commas between; `?` begins one that may be left out.
 * In a group `(?"…)` characters stand as a JSON string writes them: `(?".)` fits `a`, `\"` and `\n`, but no quote alone.
 *
 * @example
 * const pattern = new Pattern("(yes|no)");
 * pattern.matches("yes"); // true
 */
export class Pattern {
  readonly source: string;
  readonly start: PatternState;
  readonly #nodes: readonly Node[];
  readonly #end: number;

  /** @throws OptionError for what it does not understand, with the place. */
  constructor(source: string) {
    this.source = source;
    const { nodes, fragment } = parsePattern(source);
    this.#nodes = nodes;
    this.#end = fragment.end;
    this.start = this.#closure([fragment.start]);
  }

  /** Where the automaton stands after one more character; empty: nowhere, the text does not fit any more. */
  step(state: PatternState, codePoint: number): PatternState {
    const reached: number[] = [];
    for (const at of state) {
      const { accepts, next } = this.#nodes[at]!;
      if (accepts?.(codePoint)) reached.push(next);
    }
    return this.#closure(reached);
  }

  /** After a whole text. */
  read(state: PatternState, text: string): PatternState {
    let now = state;
    for (const character of text) {
      if (now.length === 0) break;
      now = this.step(now, character.codePointAt(0)!);
    }
    return now;
  }

  /** Whether the text may end here. */
  accepts(state: PatternState): boolean {
    return state.includes(this.#end);
  }

  matches(text: string): boolean {
    return this.accepts(this.read(this.start, text));
  }

  #closure(states: readonly number[]): PatternState {
    const seen = new Set<number>();
    const open = [...states];
    while (open.length > 0) {
      const at = open.pop()!;
      if (seen.has(at)) continue;
      seen.add(at);
      open.push(...this.#nodes[at]!.free);
    }
    return [...seen].sort((a, b) => a - b);
  }
}
