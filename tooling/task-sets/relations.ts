/**
 * How two nouns are related, as the preposition between them says, which is hidden: `a cup [MASK] tea` is `of`. Made from tagged sentences.
 * After Srikumar and Roth 2013, "Modeling semantic relations expressed by prepositions".
 */

/** A sentence and a tag of Brown's for each word. */
export interface TaggedWords {
  readonly tokens: readonly string[];
  readonly tags: readonly string[];
}

export interface RelatedPair {
  /** With `[MASK]` in the place of the preposition. */
  readonly words: readonly string[];
  /** Words `[start, end)` of the two nouns. */
  readonly first: readonly [number, number];
  readonly second: readonly [number, number];
  /** Place in `relationNames`. */
  readonly label: number;
}

/** The relations, in the order of their labels. */
export const relationNames: readonly string[] = ["of", "in", "to", "for", "on", "with", "at", "from", "by"];

export interface RelationSetOptions {
  /** Words kept on either side of the pair. Default 10. */
  margin?: number;
  /** Most pairs of one relation, the first that come: else half of all were `of`. Default 1500. */
  most?: number;
}

const isNoun = (tag: string): boolean => /^n/i.test(tag);
/** What may stand between a preposition and its noun. */
const isBetween = (tag: string): boolean => /^(at|ap|dt|jj|pp\$|cd|od|vbn|vbg)/i.test(tag);

/** Every noun, preposition and noun after it, in the order of the sentences. */
export function relationSet(sentences: readonly TaggedWords[], { margin = 10, most = 1500 }: RelationSetOptions = {}): RelatedPair[] {
  const counts = relationNames.map(() => 0);
  const pairs: RelatedPair[] = [];
  for (const { tokens, tags } of sentences) {
    for (let at = 1; at < tokens.length - 1; at++) {
      const label = relationNames.indexOf(tokens[at]!.toLowerCase());
      if (label < 0 || !/^in/i.test(tags[at]!) || !isNoun(tags[at - 1]!)) continue;
      let noun = at + 1;
      while (noun < tokens.length && isBetween(tags[noun]!)) noun++;
      if (noun >= tokens.length || !isNoun(tags[noun]!) || counts[label]! >= most) continue;
      counts[label]!++;
      const start = Math.max(0, at - 1 - margin);
      const words = tokens.slice(start, noun + 1 + margin).map((word, i) => (start + i === at ? "[MASK]" : word));
      pairs.push({ words, first: [at - 1 - start, at - start], second: [noun - start, noun + 1 - start], label });
    }
  }
  return pairs;
}

/** What always saying the commonest label of `learned` is worth on `tested`: a share. */
export function majorityOf(learned: readonly { readonly label: number }[], tested: readonly { readonly label: number }[]): number {
  const counts = new Map<number, number>();
  for (const { label } of learned) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [commonest] = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  return tested.filter(({ label }) => label === commonest).length / tested.length;
}
