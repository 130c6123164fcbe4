/** Regular expressions as automata that read one character at a time. Thompson 1968, "Regular expression search algorithm". */

import { OptionError } from "@dl/core";

/** Whether a character is of a set. */
type Accepts = (codePoint: number) => boolean;

/** A node of the automaton: it reads a character of `accepts` and goes to `next`, or goes to each of `free` without reading. */
interface Node {
  accepts: Accepts | undefined;
  next: number;
  free: number[];
}

interface Fragment {
  readonly start: number;
  readonly end: number;
}

/** Where an automaton may stand: numbers of nodes, sorted. */
export type PatternState = readonly number[];

/**
 * A whole text must fit: `^` and `$` are taken for granted. Understands literals, `.`, classes `[a-z^]`, `\d \w \s` and their opposites,
 * `\n \t \r \uXXXX`, groups, `|`, `* + ? {m,n}`. No look-around, no back-references.
 *
 * @example
 * const pattern = new Pattern("(yes|no)");
 * pattern.matches("yes"); // true
 */
export class Pattern {
  readonly source: string;
  readonly start: PatternState;
  readonly #nodes: Node[];
  readonly #end: number;

  /** @throws OptionError for what it does not understand, with the place. */
  constructor(source: string) {
    this.source = source;
    const { nodes, fragment } = new Parser(source).parse();
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

const isDigit: Accepts = (c) => c >= 48 && c <= 57;
const isWord: Accepts = (c) => isDigit(c) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
const isSpace: Accepts = (c) => /\s/u.test(String.fromCodePoint(c));
const not =
  (accepts: Accepts): Accepts =>
  (c) =>
    !accepts(c);
const classes: Readonly<Record<string, Accepts>> = { d: isDigit, w: isWord, s: isSpace, D: not(isDigit), W: not(isWord), S: not(isSpace) };
const controls: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v", 0: "\0" };
/** What a larger count would cost in nodes. */
const mostRepeats = 1000;

class Parser {
  readonly #characters: readonly string[];
  readonly #source: string;
  readonly #nodes: Node[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#characters = [...source];
  }

  parse(): { nodes: Node[]; fragment: Fragment } {
    if (this.#characters[0] === "^") this.#at++;
    const fragment = this.#choice();
    if (this.#peek() !== undefined) throw this.#error(`nothing more, got ${JSON.stringify(this.#peek())}`);
    return { nodes: this.#nodes, fragment };
  }

  #error(expected: string): OptionError {
    return new OptionError(`Pattern ${JSON.stringify(this.#source)}: expected ${expected} at ${this.#at}.`);
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #node(): number {
    if (this.#nodes.length > 200_000) throw this.#error("a pattern of fewer repeats");
    return this.#nodes.push({ accepts: undefined, next: -1, free: [] }) - 1;
  }

  #link(from: number, to: number): void {
    this.#nodes[from]!.free.push(to);
  }

  #choice(): Fragment {
    const first = this.#sequence();
    if (this.#peek() !== "|") return first;
    const [start, end] = [this.#node(), this.#node()];
    const add = (branch: Fragment): void => {
      this.#link(start, branch.start);
      this.#link(branch.end, end);
    };
    add(first);
    while (this.#peek() === "|") {
      this.#at++;
      add(this.#sequence());
    }
    return { start, end };
  }

  #sequence(): Fragment {
    const start = this.#node();
    let end = start;
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      if (next === "$" && this.#at === this.#characters.length - 1) {
        this.#at++;
        break;
      }
      const part = this.#repeated();
      this.#link(end, part.start);
      end = part.end;
    }
    return { start, end };
  }

  #repeated(): Fragment {
    const from = this.#at;
    const first = this.#atom();
    const to = this.#at;
    const [least, most] = this.#count();
    if (least === 1 && most === 1) return first;
    // Each repeat is read from the source again: a copy of its nodes.
    const again = (): Fragment => {
      const back = this.#at;
      this.#at = from;
      const copy = this.#atom();
      if (this.#at !== to) throw this.#error("an atom");
      this.#at = back;
      return copy;
    };
    const start = this.#node();
    let end = start;
    let unused: Fragment | undefined = first;
    const take = (): Fragment => {
      const fragment = unused ?? again();
      unused = undefined;
      return fragment;
    };
    for (let i = 0; i < least; i++) {
      const part = take();
      this.#link(end, part.start);
      end = part.end;
    }
    const last = this.#node();
    if (most === Number.POSITIVE_INFINITY) {
      const loop = take();
      this.#link(end, last);
      this.#link(last, loop.start);
      this.#link(loop.end, last);
      return { start, end: last };
    }
    for (let i = least; i < most; i++) {
      const part = take();
      this.#link(end, last);
      this.#link(end, part.start);
      end = part.end;
    }
    this.#link(end, last);
    return { start, end: last };
  }

  #count(): readonly [number, number] {
    const sign = this.#peek();
    const simple = { "*": [0, Number.POSITIVE_INFINITY], "+": [1, Number.POSITIVE_INFINITY], "?": [0, 1] } as const;
    let count: readonly [number, number] = [1, 1];
    if (sign === "*" || sign === "+" || sign === "?") {
      this.#at++;
      count = simple[sign];
    } else if (sign === "{") {
      const braces = /^\{(\d+)(,(\d*))?\}/.exec(this.#characters.slice(this.#at, this.#at + 24).join(""));
      if (braces === null) throw this.#error("{m}, {m,} or {m,n}");
      this.#at += braces[0].length;
      const least = Number(braces[1]);
      const most = braces[2] === undefined ? least : braces[3] === "" ? Number.POSITIVE_INFINITY : Number(braces[3]);
      if (most < least || least > mostRepeats || (Number.isFinite(most) && most > mostRepeats)) {
        throw this.#error(`counts in order, at most ${mostRepeats}`);
      }
      count = [least, most];
    }
    // Lazy or not is the same to an automaton.
    if (count !== undefined && sign !== undefined && "*+?{".includes(sign) && this.#peek() === "?") this.#at++;
    return count;
  }

  #atom(): Fragment {
    const character = this.#peek();
    if (character === undefined || "*+?{".includes(character)) throw this.#error("something to repeat");
    if (character === "(") return this.#group();
    this.#at++;
    if (character === "[") return this.#reads(this.#class());
    if (character === ".") return this.#reads((c) => c !== 10);
    if (character === "\\") return this.#reads(this.#escape());
    const code = character.codePointAt(0)!;
    return this.#reads((c) => c === code);
  }

  #group(): Fragment {
    this.#at++;
    if (this.#peek() === "?") {
      if (this.#characters[this.#at + 1] !== ":") throw this.#error("a plain group or (?:…)");
      this.#at += 2;
    }
    const inside = this.#choice();
    if (this.#peek() !== ")") throw this.#error('")"');
    this.#at++;
    return inside;
  }

  #reads(accepts: Accepts): Fragment {
    const [start, end] = [this.#node(), this.#node()];
    this.#nodes[start]!.accepts = accepts;
    this.#nodes[start]!.next = end;
    return { start, end };
  }

  #escape(): Accepts {
    const code = this.#escaped();
    return typeof code === "number" ? (c) => c === code : code;
  }

  /** After a backslash: one character, or a class. */
  #escaped(): number | Accepts {
    const character = this.#peek();
    if (character === undefined) throw this.#error("a character after the backslash");
    this.#at++;
    if (Object.hasOwn(classes, character)) return classes[character]!;
    if (Object.hasOwn(controls, character)) return controls[character]!.codePointAt(0)!;
    if (character === "u") {
      const digits = this.#characters.slice(this.#at, this.#at + 4).join("");
      if (!/^[0-9a-f]{4}$/i.test(digits)) throw this.#error("four hexadecimal digits");
      this.#at += 4;
      return Number.parseInt(digits, 16);
    }
    if (/[a-z0-9]/i.test(character)) throw this.#error(`an escape that is known, not \\${character},`);
    return character.codePointAt(0)!;
  }

  #class(): Accepts {
    const negated = this.#peek() === "^";
    if (negated) this.#at++;
    const parts: Accepts[] = [];
    for (;;) {
      const low = this.#member();
      if (typeof low !== "number") {
        parts.push(low);
      } else if (this.#peek() === "-" && this.#characters[this.#at + 1] !== "]") {
        this.#at++;
        const high = this.#member();
        if (typeof high !== "number" || high < low) throw this.#error("a range in order");
        parts.push((c) => c >= low && c <= high);
      } else {
        parts.push((c) => c === low);
      }
      if (this.#peek() === "]") break;
    }
    this.#at++;
    const accepts: Accepts = (c) => parts.some((part) => part(c));
    return negated ? not(accepts) : accepts;
  }

  #member(): number | Accepts {
    const character = this.#peek();
    if (character === undefined) throw this.#error('"]"');
    this.#at++;
    return character === "\\" ? this.#escaped() : character.codePointAt(0)!;
  }
}
