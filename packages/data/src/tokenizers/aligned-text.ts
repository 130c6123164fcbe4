/**
 * Text that remembers where each of its characters came from, so that a token of cleaned text can name its place in the original.
 * The idea of `NormalizedString` in Hugging Face tokenizers, by code points in the place of bytes.
 */

/** Part of a text: code points, and the span `[start, end)` of original code points that each stands for. */
export class AlignedText {
  readonly characters: readonly string[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];

  constructor(characters: readonly string[], starts: readonly number[], ends: readonly number[]) {
    this.characters = characters;
    this.starts = starts;
    this.ends = ends;
  }

  static of(text: string): AlignedText {
    const characters = Array.from(text);
    return new AlignedText(
      characters,
      characters.map((_, i) => i),
      characters.map((_, i) => i + 1),
    );
  }

  get length(): number {
    return this.characters.length;
  }

  toString(): string {
    return this.characters.join("");
  }

  slice(start: number, end: number = this.length): AlignedText {
    return new AlignedText(this.characters.slice(start, end), this.starts.slice(start, end), this.ends.slice(start, end));
  }

  /** Every character replaced by those of `change`, which all stand where it stood; an empty string removes it. */
  map(change: (character: string) => string): AlignedText {
    const built = new AlignedTextBuilder();
    for (let i = 0; i < this.length; i++) built.add(change(this.characters[i]!), this.starts[i]!, this.ends[i]!);
    return built.text();
  }

  /** `prefix` in front, standing where the first character stands; an empty text stays empty. */
  prepend(prefix: string): AlignedText {
    if (this.length === 0) return this;
    const built = new AlignedTextBuilder();
    built.add(prefix, this.starts[0]!, this.ends[0]!);
    built.addRange(this, 0, this.length);
    return built.text();
  }

  /** Every match replaced by `content`, which stands where the last character of the match stood. */
  replace(pattern: RegExp | string, content: string): AlignedText {
    const built = new AlignedTextBuilder();
    let at = 0;
    for (const [start, end] of findMatches(this, pattern)) {
      built.addRange(this, at, start);
      if (end > start) built.add(content, this.starts[end - 1]!, this.ends[end - 1]!);
      at = end;
    }
    built.addRange(this, at, this.length);
    return built.text();
  }
}

/** Collects characters with their places. */
export class AlignedTextBuilder {
  readonly #characters: string[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** Adds the code points of `text`, all standing at `[start, end)`. */
  add(text: string, start: number, end: number): void {
    for (const character of text) {
      this.#characters.push(character);
      this.#starts.push(start);
      this.#ends.push(end);
    }
  }

  addRange(source: AlignedText, from: number, to: number): void {
    for (let i = from; i < to; i++) this.add(source.characters[i]!, source.starts[i]!, source.ends[i]!);
  }

  text(): AlignedText {
    return new AlignedText(this.#characters, this.#starts, this.#ends);
  }
}

/** The spans of `text`, in code points, that `pattern` matches; empty matches are left out. */
export function findMatches(text: AlignedText, pattern: RegExp | string): [start: number, end: number][] {
  const whole = text.toString();
  const matches: [number, number][] = [];
  // Matches come in UTF-16 units; both counts walk along together.
  let unit = 0;
  let point = 0;
  const pointAt = (target: number): number => {
    while (unit < target) unit += text.characters[point++]!.length;
    return point;
  };
  if (typeof pattern === "string") {
    if (pattern === "") return matches;
    for (let at = whole.indexOf(pattern); at >= 0; at = whole.indexOf(pattern, at + pattern.length)) {
      matches.push([pointAt(at), pointAt(at + pattern.length)]);
    }
    return matches;
  }
  for (const match of whole.matchAll(pattern)) {
    if (match[0] !== "") matches.push([pointAt(match.index), pointAt(match.index + match[0].length)]);
  }
  return matches;
}

/** What becomes of the matches when a text is split at them. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/** `text` in pieces, split at `matches`; `invert` splits at what lies between them. Empty pieces are left out. */
export function splitAt(
  text: AlignedText,
  matches: readonly (readonly [number, number])[],
  { behavior, invert = false }: { behavior: SplitBehavior; invert?: boolean },
): AlignedText[] {
  const spans: { start: number; end: number; match: boolean }[] = [];
  let at = 0;
  for (const [start, end] of matches) {
    if (start > at) spans.push({ start: at, end: start, match: invert });
    spans.push({ start, end, match: !invert });
    at = end;
  }
  if (at < text.length) spans.push({ start: at, end: text.length, match: invert });
  const kept: { start: number; end: number; match: boolean }[] = [];
  let open: (typeof spans)[number] | undefined;
  const ordered = behavior === "MergedWithNext" ? spans.toReversed() : spans;
  for (const span of ordered) {
    const joins =
      behavior === "Contiguous"
        ? open?.match === span.match
        : (behavior === "MergedWithPrevious" || behavior === "MergedWithNext") && span.match && open !== undefined && !open.match;
    if (joins) {
      open!.start = Math.min(open!.start, span.start);
      open!.end = Math.max(open!.end, span.end);
      // A second match in a row stands alone: only the first joined its neighbour.
      open!.match = span.match;
      continue;
    }
    open = { ...span };
    if (behavior !== "Removed" || !span.match) kept.push(open);
  }
  if (behavior === "MergedWithNext") kept.reverse();
  return kept.map(({ start, end }) => text.slice(start, end));
}
