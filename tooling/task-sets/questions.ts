/** Questions about captions of pictures, with the answer as a span: `what color is the shirt ?` `who is climbing ?` `how many dogs ?` Made by rules. */

export interface AnsweredQuestion {
  readonly question: string;
  /** Several captions, one after the other. */
  readonly passage: string;
  /** Characters of the passage, `[start, end)`. */
  readonly start: number;
  readonly end: number;
}

export interface QuestionSetOptions {
  /** Captions in a passage. Default 3. */
  captions?: number;
}

const colours = ["red", "blue", "green", "yellow", "white", "black", "orange", "purple", "pink", "brown", "gray", "grey"];
const numbers = ["two", "three", "four", "five", "six", "several", "many"];

interface Found {
  readonly question: string;
  /** What the question names: it must stand in one caption of the passage only. */
  readonly key: string;
  readonly answer: string;
  /** In the caption. */
  readonly at: number;
}

/** What can be asked of one caption. */
function askOf(caption: string): Found[] {
  const found: Found[] = [];
  // Somebody "in green holds" something: there the colour is of nothing that follows.
  const colour = new RegExp(`(?<!\\bin )\\b(${colours.join("|")}) ([a-z]{3,})\\b`, "g");
  for (const match of caption.matchAll(colour)) {
    const [, answer, thing] = match as unknown as [string, string, string];
    if (colours.includes(thing) || ["and", "with", "striped", "or"].includes(thing)) continue;
    found.push({ question: `what color is the ${thing} ?`, key: thing, answer, at: match.index });
  }
  const number = new RegExp(`\\b(${numbers.join("|")}) ([a-z]{3,}s)\\b`, "gi");
  for (const match of caption.matchAll(number)) {
    const [, answer, things] = match as unknown as [string, string, string];
    found.push({ question: `how many ${things} are there ?`, key: things, answer, at: match.index });
  }
  const doing = /^((?:a|an|the|two|three|some|several)(?: [a-z]+){1,3}?)(?: is| are)? ([a-z]{3,}ing)\b/i.exec(caption);
  if (doing) {
    const [, answer, verb] = doing as unknown as [string, string, string];
    found.push({ question: `who is ${verb} ?`, key: verb, answer, at: 0 });
  }
  return found;
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z]+/g) ?? [];

/** Passages of neighbouring captions, each with every question that only one of its captions answers. */
export function questionSet(captions: readonly string[], { captions: count = 3 }: QuestionSetOptions = {}): AnsweredQuestion[] {
  const questions: AnsweredQuestion[] = [];
  for (let start = 0; start + count <= captions.length; start += count) {
    const own = captions.slice(start, start + count);
    const passage = own.join(" ");
    const words = wordsOf(passage);
    let offset = 0;
    for (const caption of own) {
      for (const { question, key, answer, at } of askOf(caption)) {
        if (words.filter((word) => word === key.toLowerCase()).length !== 1) continue;
        questions.push({ question, passage, start: offset + at, end: offset + at + answer.length });
      }
      offset += caption.length + 1;
    }
  }
  return questions;
}

/**
 * The answer that shares most words with the question around it: of all runs of one or two words without a word of the question, the one with most
 * of its words within three before and after. Richardson et al. 2013, "MCTest", the sliding window.
 */
export function answerByOverlap({ question, passage }: Pick<AnsweredQuestion, "question" | "passage">): string {
  const asked = new Set(wordsOf(question));
  const places = [...passage.matchAll(/[A-Za-z]+/g)];
  const isAsked = places.map(([word]) => asked.has(word.toLowerCase()));
  let best = { score: -1, text: "" };
  for (const [i, first] of places.entries()) {
    for (const length of [1, 2]) {
      const run = places.slice(i, i + length);
      if (run.length < length || isAsked.slice(i, i + length).some(Boolean)) continue;
      const score = isAsked.slice(Math.max(0, i - 3), i + length + 3).filter(Boolean).length;
      const last = run.at(-1)!;
      if (score > best.score) best = { score, text: passage.slice(first.index, last.index + last[0].length) };
    }
  }
  return best.text;
}
