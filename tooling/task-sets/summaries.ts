/** Several captions and, as their summary, who does what in each: `a man standing . two dogs running .` Made by rules, as headlines are cut from sentences. */

export interface Digest {
  /** Several captions, one after the other. */
  readonly text: string;
  readonly summary: string;
}

export interface SummarySetOptions {
  /** Captions in a text. Default 3. */
  captions?: number;
  /** Captions from the beginning of one text to that of the next; fewer than `captions` makes more texts, which overlap. Default `captions`. */
  stride?: number;
}

/** What stands between a subject and what it does, and is left out. */
const subject =
  /^((?:a|an|the|two|three|four|five|some|several|many)\s(?:(?!(?:in|on|with|and|at|of|wearing|who|is|are|from|by|near)\b)[a-z-]+\s)*?)([a-z]+)(?=\s(?:in|on|with|at|of|who|is|are|from|by|near|[a-z]+ing)\b)/i;

/**
 * Who and what it does: article and noun of the subject, and the first verb in -ing after it. Undefined where the caption has another form.
 *
 * @example
 * headlineOf("A young man in a blue shirt is standing on a ladder."); // "a man standing"
 */
export function headlineOf(caption: string): string | undefined {
  const found = subject.exec(caption);
  if (found === null) return undefined;
  const rest = caption.slice(found[0].length);
  // What is worn or held says how somebody looks, not what happens.
  const verb = [...rest.matchAll(/\b([a-z]{2,}ing)\b/g)]
    .map(([, word]) => word!)
    .find((word) => !["wearing", "holding", "building", "clothing", "string"].includes(word));
  if (verb === undefined) return undefined;
  const article = found[1]!.trim().split(/\s+/)[0]!;
  return `${article} ${found[2]!} ${verb}`.toLowerCase();
}

/** Texts of neighbouring captions, of those that have a headline. */
export function digestSet(captions: readonly string[], { captions: count = 3, stride = count }: SummarySetOptions = {}): Digest[] {
  const usable = captions.flatMap((caption) => {
    const headline = headlineOf(caption);
    return headline === undefined ? [] : [{ caption, headline }];
  });
  const texts: Digest[] = [];
  for (let start = 0; start + count <= usable.length; start += stride) {
    const own = usable.slice(start, start + count);
    texts.push({ text: own.map(({ caption }) => caption).join(" "), summary: own.map(({ headline }) => `${headline} .`).join(" ") });
  }
  return texts;
}

/** The first sentence: what news are hard to beat by. */
export function leadOne(text: string): string {
  return /^.*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text;
}
