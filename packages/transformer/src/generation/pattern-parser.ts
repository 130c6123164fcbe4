/** A regular expression's text as the nodes of an automaton, by Thompson's construction: each part has one way in and one way out. */

import { OptionError } from "@dl/core";

/** Whether a character is of a set. */
type Accepts = (codePoint: number) => boolean;

/** A node of the automaton: it reads a character of `accepts` and goes to `next`, or goes to each of `free` without reading. */
export interface Node {
  accepts: Accepts | undefined;
  next: number;
  free: number[];
}

/** A part of the automaton. */
export interface Fragment {
  readonly start: number;
  readonly end: number;
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
/** What a JSON string writes behind a backslash, and what it means. RFC 8259, section 7. */
const jsonEscapes: readonly (readonly [written: string, meant: string])[] = [
  ...['"', "\\"].map((same): [string, string] => [same, same]),
  ...Object.entries({ b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }),
];
/** What stands for itself in one. */
const isPlainInJson: Accepts = (c) => c >= 32 && c !== 34 && c !== 92;
/** What a larger count would cost in nodes. */
export const mostRepeats = 1000;

/** @throws OptionError for what it does not understand, with the place. */
export function parsePattern(source: string): { nodes: readonly Node[]; fragment: Fragment } {
  return new Parser(source).parse();
}

class Parser {
  readonly #characters: readonly string[];
  readonly #source: string;
  readonly #nodes: Node[] = [];
  #at = 0;
  #isInJson = false;

  constructor(source: string) {
    this.#source = source;
    this.#characters = [...source];
  }

  parse(): { nodes: Node[]; fragment: Fragment } {
    const fragment = this.#choice({ isWhole: true });
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

  #choice(place: { isWhole: boolean }): Fragment {
    const first = this.#sequence(place);
    if (this.#peek() !== "|") return first;
    const [start, end] = [this.#node(), this.#node()];
    const add = (branch: Fragment): void => {
      this.#link(start, branch.start);
      this.#link(branch.end, end);
    };
    add(first);
    while (this.#peek() === "|") {
      this.#at++;
      add(this.#sequence(place));
    }
    return { start, end };
  }

  #isEnd(character: string | undefined): boolean {
    return character === undefined || character === "|" || character === ")";
  }

  /** `isWhole`: nothing stands before or after it, so that anchors say what is so anyway. */
  #sequence({ isWhole }: { isWhole: boolean }): Fragment {
    const start = this.#node();
    let end = start;
    if (isWhole && this.#peek() === "^") this.#at++;
    while (!this.#isEnd(this.#peek())) {
      if (isWhole && this.#peek() === "$" && this.#isEnd(this.#characters[this.#at + 1])) {
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
    if (character === "^" || character === "$") throw this.#error(`${character} at an end only (else \\${character})`);
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
    const isPlain = this.#peek() !== "?";
    const kind = isPlain ? undefined : this.#characters[this.#at + 1];
    const isList = kind === "," && !this.#isInJson;
    if (!isPlain && kind !== ":" && kind !== '"' && !isList) throw this.#error('a plain group, (?:…), (?"…) or (?,…)');
    if (!isPlain) this.#at += 2;
    const isOpening = kind === '"' && !this.#isInJson;
    this.#isInJson ||= isOpening;
    const inside = isList ? this.#list() : this.#choice({ isWhole: isOpening });
    if (isOpening) this.#isInJson = false;
    if (this.#peek() !== ")") throw this.#error('")"');
    this.#at++;
    return inside;
  }

  /** Parts in order, with commas between those that are there. Two ways lead through it, "a comma is due" and "none is": each part stands once. */
  #list(): Fragment {
    const start = this.#node();
    let none = start;
    let due: number | undefined;
    for (let isFirst = true; isFirst || this.#peek() === "|"; isFirst = false) {
      if (!isFirst) this.#at++;
      const isOptional = this.#peek() === "?";
      if (isOptional) this.#at++;
      const part = this.#sequence({ isWhole: false });
      const [noneNow, dueNow] = [none, due];
      this.#link(noneNow, part.start);
      if (dueNow !== undefined) {
        const comma = this.#node();
        this.#link(dueNow, comma);
        this.#read(comma, part.start, (c) => c === 44);
      }
      due = this.#node();
      this.#link(part.end, due);
      none = this.#node();
      if (!isOptional) continue;
      this.#link(noneNow, none);
      if (dueNow !== undefined) this.#link(dueNow, due);
    }
    const end = this.#node();
    // After a part that has to be there no way leads on without a comma.
    this.#link(none, end);
    this.#link(due!, end);
    return { start, end };
  }

  #read(from: number, to: number, accepts: Accepts): void {
    this.#nodes[from]!.accepts = accepts;
    this.#nodes[from]!.next = to;
  }

  #reads(accepts: Accepts): Fragment {
    const [start, end] = [this.#node(), this.#node()];
    const read = this.#read.bind(this);
    if (!this.#isInJson) {
      read(start, end, accepts);
      return { start, end };
    }
    const [plain, backslash, escaped] = [this.#node(), this.#node(), this.#node()];
    this.#link(start, plain);
    this.#link(start, backslash);
    read(plain, end, (c) => isPlainInJson(c) && accepts(c));
    read(backslash, escaped, (c) => c === 92);
    const written = new Set(
      jsonEscapes.filter(([, meant]) => accepts(meant.codePointAt(0)!)).map(([character]) => character.codePointAt(0)!),
    );
    read(escaped, end, (c) => written.has(c));
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
