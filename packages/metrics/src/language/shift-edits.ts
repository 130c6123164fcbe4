/**
 * Edits of a translation in which moving a phrase is one edit. Snover et al. 2006, "A study of translation edit rate with targeted human
 * annotation"; the greedy search for moves, its limits and its order of preference as Tercom and sacrebleu have them.
 */

/** Longest phrase moved, farthest move, candidates looked at in all, and half the width of the band around the diagonal. */
const limits = { phrase: 10, distance: 50, candidates: 1000, band: 25 } as const;

type Operation = "keep" | "substitute" | "insert" | "delete";

/** The fewest edits found that make `reference` of `hypothesis`: words substituted, put in and left out, and phrases moved. */
export function countShiftEdits(reference: readonly string[], hypothesis: readonly string[]): number {
  if (reference.length === 0) return hypothesis.length;
  // Words as numbers: they are compared a thousand times as often as they are read.
  const numbers = new Map<string, number>();
  const numbered = (words: readonly string[]): number[] =>
    words.map((word) => {
      if (!numbers.has(word)) numbers.set(word, numbers.size);
      return numbers.get(word)!;
    });
  let words = numbered(hypothesis);
  const edits = new BandedEdits(numbered(reference), words.length);
  let shifts = 0;
  const budget = { left: limits.candidates };
  for (;;) {
    const best = bestShift(edits, words, budget);
    // A search that ran out of candidates makes no move, not even a good one.
    if (budget.left <= 0 || best === undefined || best.gain <= 0) break;
    words = best.words;
    shifts++;
  }
  return shifts + edits.cost(words);
}

interface Shift {
  readonly gain: number;
  readonly length: number;
  readonly from: number;
  readonly to: number;
  readonly words: number[];
}

/** The move that saves most edits; of equals the longest, then the earliest, then the one with the earliest target. */
function bestShift(edits: BandedEdits, words: readonly number[], budget: { left: number }): Shift | undefined {
  const { reference } = edits;
  const before = edits.cost(words);
  const { places, wrongReference, wrongWords } = align(edits.operations());
  let best: Shift | undefined;
  for (const { from, at, length } of commonPhrases(words, reference)) {
    const isRight = (wrong: readonly boolean[], start: number): boolean => !wrong.slice(start, start + length).some(Boolean);
    // A phrase stays that is right where it is, or whose target is right already, or that the target lies in.
    if (isRight(wrongWords, from) || isRight(wrongReference, at)) continue;
    if (from <= places[at]! && places[at]! < from + length) continue;
    let last = -1;
    for (let offset = -1; offset < length; offset++) {
      const place = at + offset === -1 ? -1 : places[at + offset];
      if (place === undefined) break;
      const to = place + 1;
      if (to === last) continue;
      last = to;
      const moved = move(words, { from, length, to });
      const shift: Shift = { gain: before - edits.cost(moved), length, from, to, words: moved };
      budget.left--;
      if (best === undefined || isBetter(shift, best)) best = shift;
    }
    if (budget.left <= 0) break;
  }
  return best;
}

function isBetter(a: Shift, b: Shift): boolean {
  if (a.gain !== b.gain) return a.gain > b.gain;
  if (a.length !== b.length) return a.length > b.length;
  if (a.from !== b.from) return a.from < b.from;
  return a.to < b.to;
}

/** Equal runs of words, at every start and of every length, by place in the hypothesis, place in the reference, length. */
function* commonPhrases(words: readonly number[], reference: readonly number[]): Iterable<{ from: number; at: number; length: number }> {
  for (let from = 0; from < words.length; from++) {
    for (let at = 0; at < reference.length; at++) {
      if (Math.abs(at - from) > limits.distance) continue;
      for (let length = 1; length <= limits.phrase; length++) {
        const [i, j] = [from + length - 1, at + length - 1];
        if (i >= words.length || j >= reference.length || words[i] !== reference[j]) break;
        yield { from, at, length };
      }
    }
  }
}

/** The phrase taken out and put before what stood at `to`; within itself, it moves on by as much. */
function move(words: readonly number[], { from, length, to }: { from: number; length: number; to: number }): number[] {
  const phrase = words.slice(from, from + length);
  const rest = [...words.slice(0, from), ...words.slice(from + length)];
  const target = to < from ? to : to > from + length ? to - length : to;
  return [...rest.slice(0, target), ...phrase, ...rest.slice(target)];
}

/** Where each word of the reference stands in the hypothesis, or what it would stand behind, and which words of both are wrong. */
function align(operations: readonly Operation[]): { places: number[]; wrongReference: boolean[]; wrongWords: boolean[] } {
  const [places, wrongReference, wrongWords]: [number[], boolean[], boolean[]] = [[], [], []];
  let place = -1;
  for (const operation of operations) {
    if (operation === "delete") {
      place++;
      wrongWords.push(true);
    } else {
      if (operation !== "insert") {
        place++;
        wrongWords.push(operation === "substitute");
      }
      places.push(place);
      wrongReference.push(operation !== "keep");
    }
  }
  return { places, wrongReference, wrongWords };
}

/** Beyond any number of edits. */
const far = 2 ** 30;
const codes: readonly Operation[] = ["keep", "substitute", "insert", "delete"];

/** Levenshtein's distance from texts of `rows` words, within a band around the diagonal; of equal costs keep or substitute, then delete, then insert. */
class BandedEdits {
  readonly reference: readonly number[];
  readonly #rows: number;
  /** `[rows + 1, reference + 1]` */
  readonly #costs: Int32Array;
  readonly #operations: Uint8Array;

  constructor(reference: readonly number[], rows: number) {
    this.reference = reference;
    this.#rows = rows;
    this.#costs = new Int32Array((rows + 1) * (reference.length + 1));
    this.#operations = new Uint8Array(this.#costs.length);
  }

  cost(words: readonly number[]): number {
    const { reference } = this;
    const [rows, columns, costs, operations] = [this.#rows, reference.length, this.#costs, this.#operations];
    const width = columns + 1;
    const slope = rows > 0 ? columns / rows : 1;
    // Where lengths differ so much that bands of two rows would not meet, it is wider.
    const band = limits.band < slope / 2 ? Math.ceil(slope / 2 + limits.band) : limits.band;
    costs.fill(far);
    for (let j = 0; j <= columns; j++) {
      costs[j] = j;
      operations[j] = 2;
    }
    for (let i = 1; i <= rows; i++) {
      const diagonal = Math.floor(i * slope);
      const end = i === rows ? columns + 1 : Math.min(columns + 1, diagonal + band);
      for (let j = Math.max(0, diagonal - band); j < end; j++) {
        const at = i * width + j;
        let [least, operation] = [far, 0];
        if (j > 0) {
          const isSame = words[i - 1] === reference[j - 1];
          least = costs[at - width - 1]! + (isSame ? 0 : 1);
          operation = isSame ? 0 : 1;
        }
        if (costs[at - width]! + 1 < least) [least, operation] = [costs[at - width]! + 1, 3];
        if (j > 0 && costs[at - 1]! + 1 < least) [least, operation] = [costs[at - 1]! + 1, 2];
        costs[at] = least;
        operations[at] = operation;
      }
    }
    return costs[rows * width + columns]!;
  }

  /** Of the text whose cost was asked for last. */
  operations(): Operation[] {
    const width = this.reference.length + 1;
    const trace: Operation[] = [];
    for (let i = this.#rows, j = width - 1; i > 0 || j > 0; ) {
      const operation = codes[this.#operations[i * width + j]!]!;
      trace.push(operation);
      if (operation !== "insert") i--;
      if (operation !== "delete") j--;
    }
    return trace.reverse();
  }
}
