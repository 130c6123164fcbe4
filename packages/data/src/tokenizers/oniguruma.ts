/**
 * Regular expressions of tokenizer.json, which are Oniguruma's (Ruby syntax), as JavaScript's with the flag `v`.
 * Oniguruma, doc/RE; ECMA-262, section 22.2.
 */

import { UnsupportedError } from "@dl/core";

const word = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]";

/** Classes whose meaning differs: JavaScript's `\w` and `\d` are ASCII, its `\s` has U+FEFF and lacks U+0085. */
const classes: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  w: word,
  W: "[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]",
  h: "[0-9a-fA-F]",
  H: "[^0-9a-fA-F]",
  R: "(?:\\r\\n|[\\n\\v\\f\\r\\u0085\\u2028\\u2029])",
};

const posix: Readonly<Record<string, string>> = {
  alnum: "\\p{L}\\p{M}\\p{Nd}",
  alpha: "\\p{L}\\p{M}",
  digit: "\\p{Nd}",
  lower: "\\p{Ll}",
  upper: "\\p{Lu}",
  punct: "\\p{P}",
  space: "\\p{White_Space}",
};

/** `source` as a global JavaScript expression. Throws an `UnsupportedError` for what has no counterpart. */
export function fromOniguruma(source: string): RegExp {
  const { pattern } = new Translation(source);
  try {
    return new RegExp(pattern, "gv");
  } catch (error) {
    throw new UnsupportedError(
      `fromOniguruma: expected a regular expression that JavaScript has too, got ${source} (${error instanceof Error ? error.message : String(error)}).`,
    );
  }
}

/** `text` as an expression that matches just it. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/\-&!#%,:;<=>@`~]/g, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** One walk over an expression, atom by atom. */
class Translation {
  readonly pattern: string;
  readonly #source: readonly string[];
  #at = 0;
  #atomics = 0;

  constructor(source: string) {
    this.#source = Array.from(source);
    this.pattern = this.#alternatives(false);
    if (this.#at < this.#source.length) throw this.#unsupported("an unopened )");
  }

  #alternatives(ignoreCase: boolean): string {
    let out = "";
    while (this.#at < this.#source.length && this.#source[this.#at] !== ")") {
      if (this.#source[this.#at] === "|") {
        out += "|";
        this.#at++;
        continue;
      }
      const flags = /^\(\?([a-z]+)\)/.exec(this.#source.slice(this.#at, this.#at + 8).join(""));
      if (flags !== null) {
        if (flags[1] !== "i") throw this.#unsupported(flags[0]);
        ignoreCase = true;
        this.#at += flags[0].length;
        continue;
      }
      out += this.#quantified(this.#atom(ignoreCase));
    }
    return out;
  }

  #atom(ignoreCase: boolean): string {
    const character = this.#source[this.#at++]!;
    if (character === "(") return this.#group(ignoreCase);
    if (character === "[") return this.#class(ignoreCase);
    if (character === "\\") return this.#escape();
    if (character === ".") return "[^\\n]";
    if (character === "^") return "(?<![^\\n])";
    if (character === "$") return "(?![^\\n])";
    return this.#literal(character, ignoreCase);
  }

  #literal(character: string, ignoreCase: boolean): string {
    const variants = ignoreCase ? caseVariants(character) : [character];
    return variants.length === 1 ? escapeRegExp(character) : `[${variants.map(escapeRegExp).join("")}]`;
  }

  #group(ignoreCase: boolean): string {
    let open = "(?:";
    if (this.#source[this.#at] === "?") {
      const rest = this.#source.slice(this.#at, this.#at + 12).join("");
      const found = /^\?(?::|=|!|<=|<!|>|i:)/.exec(rest)?.[0];
      if (found === undefined) throw this.#unsupported(`(${rest.slice(0, 4)}`);
      this.#at += found.length;
      if (found === "?i:") ignoreCase = true;
      else if (found === "?>") {
        const name = `a${this.#atomics++}`;
        return `(?=(?<${name}>${this.#close(ignoreCase)}))\\k<${name}>`;
      } else open = `(${found}`;
    }
    return `${open}${this.#close(ignoreCase)})`;
  }

  #close(ignoreCase: boolean): string {
    const inside = this.#alternatives(ignoreCase);
    if (this.#source[this.#at++] !== ")") throw this.#unsupported("a group that is not closed");
    return inside;
  }

  #escape(): string {
    const character = this.#source[this.#at++];
    if (character === undefined) throw this.#unsupported("a \\ at the end");
    if (character === "p" || character === "P") return this.#property(character);
    if (character === "x" || character === "u") return this.#codePoint(character);
    if (character === "A") return "(?<![\\s\\S])";
    if (character === "z") return "(?![\\s\\S])";
    if (character === "Z") return "(?=\\n?(?![\\s\\S]))";
    if (character === "b") return `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
    if (character === "B") return `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`;
    if (classes[character] !== undefined) return classes[character];
    if (/[nrtfv0]/.test(character)) return `\\${character}`;
    if (/[a-zA-Z1-9]/.test(character)) throw this.#unsupported(`\\${character}`);
    return escapeRegExp(character);
  }

  #property(letter: string): string {
    if (this.#source[this.#at] !== "{") return `\\${letter}{${this.#source[this.#at++]}}`;
    const end = this.#source.indexOf("}", this.#at);
    let name = this.#source.slice(this.#at + 1, end).join("");
    this.#at = end + 1;
    const negated = name.startsWith("^");
    if (negated) name = name.slice(1);
    const out = negated ? (letter === "p" ? "P" : "p") : letter;
    // A script needs to be called one.
    for (const form of [name, `Script=${name}`]) {
      try {
        new RegExp(`\\p{${form}}`, "v");
        return `\\${out}{${form}}`;
      } catch {}
    }
    throw this.#unsupported(`\\p{${name}}`);
  }

  #codePoint(letter: string): string {
    const rest = this.#source.slice(this.#at, this.#at + 10).join("");
    const found = (letter === "x" ? /^(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{1,2}))/ : /^(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{4}))/).exec(rest);
    if (found === null) throw this.#unsupported(`\\${letter}`);
    this.#at += found[0].length;
    return `\\u{${found[1] ?? found[2]}}`;
  }

  /** What stands between `[` and `]`; a class may hold classes. */
  #class(ignoreCase: boolean): string {
    let out = "[";
    if (this.#source[this.#at] === "^") {
      out += "^";
      this.#at++;
    }
    const first = this.#at;
    for (;;) {
      const character = this.#source[this.#at++];
      if (character === undefined) throw this.#unsupported("a [ that is not closed");
      if (character === "]" && this.#at - 1 > first) return `${out}]`;
      if (character === "&" && this.#source[this.#at] === "&") throw this.#unsupported("&& in a class");
      if (character === "[") {
        const name = /^:(\^?)([a-z]+):\]/.exec(this.#source.slice(this.#at, this.#at + 12).join(""));
        if (name === null) out += this.#class(ignoreCase);
        else {
          if (posix[name[2]!] === undefined) throw this.#unsupported(`[:${name[2]}:]`);
          out += `[${name[1]}${posix[name[2]!]}]`;
          this.#at += name[0].length;
        }
      } else if (character === "\\") out += this.#escape();
      else if (character === "-" && this.#at - 1 > first && this.#source[this.#at] !== "]" && !/[\]}]$/.test(out)) out += "-";
      else out += ignoreCase ? caseVariants(character).map(escapeRegExp).join("") : escapeRegExp(character);
    }
  }

  /** A quantifier after `atom`, if there is one. In Ruby syntax `+` after `?`, `*` and `+` means possessive: no giving back. */
  #quantified(atom: string): string {
    for (let out = atom; ; ) {
      const rest = this.#source.slice(this.#at, this.#at + 16).join("");
      const found = /^(?:[?*+]|\{\d*,?\d*\})/.exec(rest)?.[0];
      if (found === undefined || found === "{}" || found === "{,}") return out;
      this.#at += found.length;
      const repeat = found.startsWith("{,") ? `{0${found.slice(1)}` : found;
      const next = this.#source[this.#at];
      if (next === "?") {
        this.#at++;
        out = `(?:${out}${repeat}?)`;
      } else if (next === "+" && !found.startsWith("{")) {
        this.#at++;
        const name = `a${this.#atomics++}`;
        out = `(?:(?=(?<${name}>${out}${repeat}))\\k<${name}>)`;
      } else out = `${out}${repeat}`;
      if (!/^[?*+{]/.test(this.#source[this.#at] ?? "")) return out;
      out = `(?:${out})`;
    }
  }

  #unsupported(what: string): UnsupportedError {
    return new UnsupportedError(
      `fromOniguruma: expected syntax that JavaScript has a counterpart of, got ${what} in ${this.#source.join("")}.`,
    );
  }
}

/** The characters that equal `character` when case is ignored: simple folding, so ſ counts as s and K as k. */
function caseVariants(character: string): string[] {
  const folded = { s: ["ſ"], k: ["\u212a"] }[character.toLowerCase()] ?? [];
  const variants = new Set([character, character.toLowerCase(), character.toUpperCase(), ...folded]);
  return [...variants].filter((variant) => Array.from(variant).length === 1);
}
