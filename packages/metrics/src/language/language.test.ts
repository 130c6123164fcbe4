import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BleuFixture, moreText, ner, perplexity, squad, text } from "../../fixtures/language.ts";
import type { Metric } from "../metric.ts";
import { Bleu, type BleuOptions, sentenceBleu } from "./bleu.ts";
import { bleuTokens } from "./bleu-tokenizers.ts";
import { Chrf } from "./chrf.ts";
import { countEdits } from "./edit-counts.ts";
import { entitiesOf } from "./entities.ts";
import { EntityScore } from "./entity-score.ts";
import { ErrorRate } from "./error-rate.ts";
import { Perplexity } from "./perplexity.ts";
import { Rouge } from "./rouge.ts";
import { Squad } from "./squad.ts";
import type { TextInputs } from "./text-inputs.ts";

const of = <Inputs, Result>(metric: Metric<Inputs, Result, unknown>, inputs: Inputs): Result => {
  metric.update(inputs);
  return metric.result();
};
const optionsOf = ({ tokenize, lowercase, smooth_method, smooth_value }: BleuFixture["args"]): BleuOptions => ({
  ...(tokenize === undefined ? {} : { tokenizer: tokenize }),
  ...(lowercase === undefined ? {} : { lowercase }),
  ...(smooth_method === undefined
    ? {}
    : { smoothing: ({ exp: "exponential", floor: "floor", "add-k": "addK", none: "none" } as const)[smooth_method] }),
  ...(smooth_value === undefined ? {} : { smoothingValue: smooth_value }),
});

describe.each([
  ["plain", text],
  ["Unicode, numbers and entities", moreText],
] as const)("sacrebleu: %s", (_, fixture) => {
  test.each(fixture.bleu.map((bleu) => [JSON.stringify(bleu.args), bleu] as const))("BLEU %s", (_, expected) => {
    const result = of(new Bleu(optionsOf(expected.args)), fixture);
    expect(result.score).toBeCloseTo(expected.score, 9);
    expect(result.brevityPenalty).toBeCloseTo(expected.bp, 12);
    expect([result.hypothesisLength, result.referenceLength]).toEqual([expected.sys_len, expected.ref_len]);
    result.precisions.forEach((precision, n) => {
      expect(precision).toBeCloseTo(expected.precisions[n]!, 9);
    });
  });

  test("BLEU of sentences", () => {
    fixture.hypotheses.forEach((hypothesis, i) => {
      expect(sentenceBleu(hypothesis, fixture.references[i]!)).toBeCloseTo(fixture.sentence_bleu[i]!, 9);
    });
  });

  test.each(fixture.chrf)("chrF, words to order $word_order, beta $beta", ({ word_order, beta, score, sentence }) => {
    expect(of(new Chrf({ wordOrder: word_order, beta }), fixture)).toBeCloseTo(score, 9);
    sentence.forEach((expected, i) => {
      const one = { hypotheses: [fixture.hypotheses[i]!], references: [fixture.references[i]!] };
      expect(of(new Chrf({ wordOrder: word_order, beta }), one)).toBeCloseTo(expected, 9);
    });
  });
});

test("tokens by hand: points and commas stay within numbers", () => {
  expect(bleuTokens('He paid $1,000.50, "then" left.', "13a")).toEqual(["He", "paid", "$", "1,000.50", ",", '"', "then", '"', "left", "."]);
  expect(bleuTokens("7-8 ‘x’", "intl")).toEqual(["7-8", "‘", "x", "’"]);
  expect(bleuTokens("é 猫", "char")).toEqual(["é", "猫"]);
  expect(bleuTokens("你好，3.5 km/h — ok.", "zh")).toEqual(["你", "好", "，", "3.5", "km", "/", "h", "—", "ok", "."]);
  // sacrebleu 2.6.0, tokenize="zh".
  const texts = { hypotheses: ["你好，世界！今天 3.5 度 — “好”。"], references: [["你好,世界!今天是 3.5 度—“很好”。"]] };
  expect(of(new Bleu({ tokenizer: "zh" }), texts).score).toBeCloseTo(27.339888830853184, 9);
});

describe("torchmetrics (float32, hence 1e-6)", () => {
  const first: TextInputs = { hypotheses: text.hypotheses, references: text.references.map(([one]) => one!) };
  test("ROUGE", () => {
    for (const [key, kind] of [
      ["rouge1", 1],
      ["rouge2", 2],
      ["rougeL", "L"],
    ] as const) {
      text.hypotheses.forEach((hypothesis, i) => {
        const { precision, recall, f1 } = of(new Rouge({ kind }), { hypotheses: [hypothesis], references: [text.references[i]![0]!] });
        expect(precision).toBeCloseTo(text.rouge[i]![`${key}_precision`]!, 6);
        expect(recall).toBeCloseTo(text.rouge[i]![`${key}_recall`]!, 6);
        expect(f1).toBeCloseTo(text.rouge[i]![`${key}_fmeasure`]!, 6);
      });
    }
  });

  test("WER, CER, MER, WIL", () => {
    const words = of(new ErrorRate(), first);
    expect(words.errorRate).toBeCloseTo(text.wer, 6);
    expect(words.matchErrorRate).toBeCloseTo(text.mer, 6);
    expect(words.informationLost).toBeCloseTo(text.wil, 6);
    expect(of(new ErrorRate({ unit: "characters" }), first).errorRate).toBeCloseTo(text.cer, 6);
    text.hypotheses.forEach((hypothesis, i) => {
      const one = { hypotheses: [hypothesis], references: [text.references[i]![0]!] };
      expect(of(new ErrorRate(), one).errorRate).toBeCloseTo(text.wer_each[i]!, 6);
      expect(of(new ErrorRate({ unit: "characters" }), one).errorRate).toBeCloseTo(text.cer_each[i]!, 6);
    });
  });

  test("SQuAD", () => {
    for (const { prediction, answers, exact_match, f1 } of squad.cases) {
      const result = of(new Squad(), { hypotheses: [prediction], references: [answers] });
      expect(result.exactMatch).toBeCloseTo(exact_match, 4);
      expect(result.f1).toBeCloseTo(f1, 4);
    }
    const all = of(new Squad(), { hypotheses: squad.cases.map((c) => c.prediction), references: squad.cases.map((c) => c.answers) });
    expect([all.exactMatch, all.f1]).toEqual([squad.exact_match, squad.f1]);
  });

  test("SQuAD's articles are whole words of any script, as Python's are", () => {
    const match = (hypothesis: string, reference: string): number =>
      of(new Squad(), { hypotheses: [hypothesis], references: [reference] }).exactMatch;
    expect(match("ça", "ç")).toBe(0);
    expect(match("año", "ño")).toBe(0);
    expect(match("дa", "д")).toBe(0);
    expect(match("२a", "२")).toBe(0);
    expect(match("a ça", "ça")).toBe(100);
    // To Python a combining accent is no part of a word, and the bare letter before it an article.
    expect(match("a\u0300", "\u0300")).toBe(100);
  });

  test("perplexity, ignored targets left out", () => {
    const result = of(new Perplexity(), { targets: perplexity.targets.flat(), logits: perplexity.logits.flat(2) });
    expect(Math.abs(result / perplexity.perplexity - 1)).toBeLessThan(1e-6);
  });
});

test("ROUGE-Lsum by hand: each sentence of the reference takes what any sentence of the summary has (Lin 2004, section 3.2)", () => {
  // Reference w1 … w5; summaries w1 w2 w6 w7 w8 and w1 w3 w8 w9 w5: the union is w1 w2 w3 w5.
  const inputs = { hypotheses: ["w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"], references: ["w1 w2 w3 w4 w5"] };
  const { recall, precision } = of(new Rouge({ kind: "Lsum" }), inputs);
  expect(recall).toBeCloseTo(4 / 5, 12);
  expect(precision).toBeCloseTo(4 / 10, 12);
  const single = { hypotheses: ["a b c"], references: ["a c b"] };
  expect(of(new Rouge({ kind: "Lsum" }), single)).toEqual(of(new Rouge({ kind: "L" }), single));
});

test("perplexity of losses is exp of their mean; of even logits the vocabulary", () => {
  expect(of(new Perplexity(), { losses: [Math.log(2), Math.log(8)] })).toBeCloseTo(4, 12);
  expect(of(new Perplexity(), { targets: [0, 4], logits: new Float32Array(10) })).toBeCloseTo(5, 12);
  const nothing = new Perplexity({ ignoreLabel: 0 });
  nothing.update({ targets: [0], logits: [1, 2] });
  expect(() => nothing.result()).toThrow("expected a target, got ignored ones alone");
});

describe("entities", () => {
  test("conlleval: spans, and scores by type and averaged", () => {
    const spans = (tags: readonly string[]) => entitiesOf(tags).map(({ type, start, end }) => [type, start, end - 1]);
    expect(ner.y_true.map(spans)).toEqual(ner.entities_true);
    expect(ner.y_pred.map(spans)).toEqual(ner.entities_pred);
    const result = of(new EntityScore(), { labels: ner.y_true, predictions: ner.y_pred });
    for (const key of ["precision", "recall", "f1", "support"] as const) {
      expect(result.micro[key]).toBeCloseTo(ner.micro[key], 12);
      for (const [type, row] of Object.entries(ner.per_type)) expect(result.types[type]![key]).toBeCloseTo(row[key], 12);
    }
    expect(result.macro.f1).toBeCloseTo(ner.macro_f1, 12);
    expect(result.weighted.f1).toBeCloseTo(ner.weighted_f1, 12);
  });

  test("schemes by hand", () => {
    const spans = (tags: string, scheme: "lenient" | "IOB2" | "IOBES" | "BILOU") =>
      entitiesOf(tags.split(" "), { scheme }).map(({ type, start, end }) => `${type}${start}-${end}`);
    expect(spans("I-A I-A O I-B I-A B-A", "lenient")).toEqual(["A0-2", "B3-4", "A4-5", "A5-6"]);
    expect(spans("B-A E-A S-A B-B I-B E-B", "lenient")).toEqual(["A0-2", "A2-3", "B3-6"]);
    expect(spans("I-A B-A I-A I-B B-B O I-B", "IOB2")).toEqual(["A1-3", "B4-5"]);
    expect(spans("B-A I-A E-A B-A I-A O S-B E-B B-A E-A", "IOBES")).toEqual(["A0-3", "B6-7", "A8-10"]);
    expect(spans("B-A I-A L-A U-B B-A L-B", "BILOU")).toEqual(["A0-3", "B3-4"]);
  });

  test("any entities written as IOB2, IOBES and BILOU are read back the same", () => {
    const piece = fc.record({ type: fc.constantFrom("A", "B", "O"), length: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const tags = { IOB2: [] as string[], IOBES: [] as string[], BILOU: [] as string[] };
        for (const { type, length } of pieces) {
          for (let i = 0; i < length; i++) {
            const [first, last] = [i === 0, i === length - 1];
            const iobes = first && last ? "S" : first ? "B" : last ? "E" : "I";
            const bilou = { S: "U", B: "B", E: "L", I: "I" }[iobes];
            tags.IOB2.push(type === "O" ? "O" : `${first ? "B" : "I"}-${type}`);
            tags.IOBES.push(type === "O" ? "O" : `${iobes}-${type}`);
            tags.BILOU.push(type === "O" ? "O" : `${bilou}-${type}`);
          }
        }
        const expected = entitiesOf(tags.IOB2, { scheme: "IOB2" });
        expect(expected).toHaveLength(pieces.filter(({ type }) => type !== "O").length);
        for (const scheme of ["IOBES", "BILOU"] as const) {
          expect(entitiesOf(tags[scheme], { scheme })).toEqual(expected);
          expect(entitiesOf(tags[scheme])).toEqual(expected);
        }
        expect(entitiesOf(tags.IOB2)).toEqual(expected);
      }),
    );
  });

  test("parts merged are the whole, and a restored state goes on", () => {
    const [whole, a, b, resumed] = [0, 1, 2, 3].map(() => new EntityScore()) as EntityScore[];
    const cut = (start: number, end: number) => ({ labels: ner.y_true.slice(start, end), predictions: ner.y_pred.slice(start, end) });
    whole!.update(cut(0, 4));
    a!.update(cut(0, 1));
    b!.update(cut(1, 4));
    a!.merge(b!);
    expect(a!.result()).toEqual(whole!.result());
    resumed!.restore(JSON.parse(JSON.stringify(a!.state())));
    expect(resumed!.result()).toEqual(whole!.result());
  });
});

const word = fc.constantFrom("a", "b", "c", "dog", "Cat", "1,5", "x.");
const sentence = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(" "));
const pairs = fc.array(fc.tuple(sentence, sentence), { minLength: 1, maxLength: 5 });
const inputsOf = (all: readonly (readonly [string, string])[]): TextInputs => ({
  hypotheses: all.map(([h]) => h),
  references: all.map(([, r]) => r),
});
const all: readonly (readonly [string, () => Metric<TextInputs, unknown, unknown>])[] = [
  ["Bleu", () => new Bleu()],
  ["Chrf", () => new Chrf({ wordOrder: 2 })],
  ["Rouge", () => new Rouge({ kind: "L" })],
  ["ErrorRate", () => new ErrorRate()],
  ["Squad", () => new Squad()],
];

test.each(all)("%s: parts merged are the whole, in any order of texts; a restored state goes on", (_, make) => {
  const expectEqual = (a: unknown, b: unknown): void => {
    const numbers = (value: unknown): number[] => (typeof value === "number" ? [value] : Object.values(value as object).flatMap(numbers));
    numbers(a).forEach((value, i) => {
      expect(value).toBeCloseTo(numbers(b)[i]!, 9);
    });
  };
  fc.assert(
    fc.property(pairs, pairs, (left, right) => {
      const whole = of(make(), inputsOf([...right, ...left]));
      const [a, b, resumed] = [make(), make(), make()];
      a.update(inputsOf(left));
      b.update(inputsOf(right));
      a.merge(b as never);
      expectEqual(a.result(), whole);
      resumed.restore(JSON.parse(JSON.stringify(a.state())));
      expect(resumed.result()).toEqual(a.result());
    }),
    { numRuns: 30 },
  );
});

test("edits: none between equals, the same there and back, never more than the longer; counts add up", () => {
  fc.assert(
    fc.property(fc.array(word), fc.array(word), (a, b) => {
      const { substitutions, deletions, insertions, hits } = countEdits(a, b);
      expect(hits + substitutions + deletions).toBe(a.length);
      expect(hits + substitutions + insertions).toBe(b.length);
      const cost = substitutions + deletions + insertions;
      expect(cost).toBeLessThanOrEqual(Math.max(a.length, b.length));
      const back = countEdits(b, a);
      expect(back.substitutions + back.deletions + back.insertions).toBe(cost);
      expect(countEdits(a, a).hits).toBe(a.length);
    }),
  );
});

test("what does not fit is an error", () => {
  expect(() => new Bleu({ maxOrder: 0 })).toThrow("expected a maxOrder of at least 1, got 0");
  expect(() => new Bleu({ tokenizer: "ja" as "13a" })).toThrow("expected tokenizer 13a, intl, char, zh, none, got ja");
  expect(() => new Bleu().update({ hypotheses: [], references: [] })).toThrow("expected at least one text");
  expect(() => new Bleu().update({ hypotheses: ["a"], references: [] })).toThrow("references for each of 1 hypotheses, got 0");
  expect(() => new Bleu().update({ hypotheses: ["a"], references: [[]] })).toThrow("at least one reference at 0");
  expect(() => new Bleu().update({ hypotheses: "a" as unknown as string[], references: ["a"] })).toThrow("expected arrays of texts");
  expect(() => new Bleu().merge(new Bleu({ lowercase: true }))).toThrow("expected equal options");
  expect(() => new Rouge({ kind: 0 })).toThrow("expected kind L, Lsum or a whole number of at least 1, got 0");
  expect(() => new ErrorRate().update({ hypotheses: ["a"], references: [["a", "b"]] })).toThrow("expected one reference a text, got 2");
  expect(() => of(new ErrorRate(), { hypotheses: ["a"], references: [""] })).toThrow("expected references with something in them");
  expect(() => entitiesOf(["PER"])).toThrow('such as B-PER (lenient), got "PER" at 0');
  expect(() => entitiesOf(["E-A"], { scheme: "IOB2" })).toThrow('got "E-A" at 0');
  expect(() => new EntityScore().update({ labels: [["O"]], predictions: [["O", "O"]] })).toThrow("a predicted tag for each tag");
  expect(() => new Chrf({ beta: 0 })).toThrow("expected a beta above 0, got 0");
});
