import { expect, test } from "vitest";
import { ter as fixture } from "../../fixtures/language.ts";
import { countShiftEdits } from "./shift-edits.ts";
import { Ter } from "./ter.ts";

const words = (text: string): string[] => text.split(" ").filter(Boolean);

test("by hand: a phrase that moves is one edit, whatever its length; the rest is Levenshtein's", () => {
  expect(countShiftEdits(words("a b c d e f"), words("d e f a b c"))).toBe(1);
  expect(countShiftEdits(words("a b c"), words("a x c"))).toBe(1);
  expect(countShiftEdits(words("a b c"), words("a c"))).toBe(1);
  expect(countShiftEdits(words("a b c"), [])).toBe(3);
  expect(countShiftEdits([], words("a b"))).toBe(2);
  expect(countShiftEdits(words("a b"), words("a b"))).toBe(0);
});

test.each(fixture.scores)("sacrebleu's TER, $args", ({ args, score, edits, length, sentences }) => {
  const options = {
    normalized: args.normalized ?? false,
    noPunctuation: args.no_punct ?? false,
    caseSensitive: args.case_sensitive ?? false,
  };
  const corpus = new Ter(options);
  corpus.update(fixture);
  const result = corpus.result();
  expect(result.edits).toBe(edits);
  expect(result.referenceLength).toBeCloseTo(length, 9);
  expect(result.score).toBeCloseTo(score, 9);
  fixture.hypotheses.forEach((hypothesis, i) => {
    const one = new Ter(options);
    one.update({ hypotheses: [hypothesis], references: [fixture.references[i]!] });
    expect(one.result().score, hypothesis).toBeCloseTo(sentences[i]!, 9);
  });
});

test("parts merge to the whole, metrics of other options do not merge", () => {
  const [whole, first, second] = [new Ter(), new Ter(), new Ter()];
  const { hypotheses, references } = fixture;
  whole.update(fixture);
  first.update({ hypotheses: hypotheses.slice(0, 10), references: references.slice(0, 10) });
  second.update({ hypotheses: hypotheses.slice(10), references: references.slice(10) });
  first.merge(second);
  expect(first.result()).toEqual(whole.result());
  expect(() => first.merge(new Ter({ caseSensitive: true }))).toThrow(/expected equal options/);
});
