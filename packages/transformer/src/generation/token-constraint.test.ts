import { describe, expect, test, vi } from "vitest";
import { Pattern } from "./pattern.ts";
import { type ConstraintState, patternConstraint } from "./token-constraint.ts";

const tokens = ["a", "b", "ab", "-"];

/** The tokens that may come, of four; none at the end. */
const next = (text: ConstraintState): number[] => {
  const scores = new Float32Array(tokens.length);
  return text.allow(scores, []) ? Array.from(scores.keys()).filter((id) => scores[id] === 0) : [];
};

describe("a text held to a pattern, token by token", () => {
  test("allows what leads on, by hand, and tells when the text is whole", () => {
    const text = patternConstraint(new Pattern("ab(-a)?"), { tokens }).begin();
    expect(next(text)).toEqual([0, 2]);
    expect(text.isWhole()).toBe(false);
    text.take(2);
    expect(text.isWhole()).toBe(true);
    expect(next(text)).toEqual([3]);
    text.take(3);
    expect([text.isWhole(), next(text)]).toEqual([false, [0]]);
    text.take(0);
    expect([text.isWhole(), next(text)]).toEqual([true, []]);
  });

  test("what is taken against the rules leaves nothing that may come", () => {
    const text = patternConstraint(new Pattern("ab"), { tokens }).begin();
    text.take(3);
    expect(text.isWhole()).toBe(false);
    expect(() => next(text)).toThrow(/expected a token that goes on towards ab, got none/);
  });

  test("the first token may write something else than the others", () => {
    const text = patternConstraint(new Pattern("ba"), { tokens, firstTokens: ["b", "a", "", ""] }).begin();
    expect(next(text)).toEqual([0]);
    text.take(0);
    expect(next(text)).toEqual([0]);
    text.take(0);
    expect(text.isWhole()).toBe(true);
  });
});

test("the last states are remembered, and no more: a long text does not hold a table for each of its places", () => {
  const pattern = new Pattern("a{400}");
  const constraint = patternConstraint(pattern, { tokens });
  const steps = vi.spyOn(pattern, "step");
  /** Characters tried to find what may come. */
  const tried = (text: ConstraintState): number => {
    steps.mockClear();
    expect(next(text)).toEqual([0]);
    return steps.mock.calls.length;
  };
  const first = constraint.begin();
  for (let place = 0; place < 399; place++) {
    // In use, a state stays, as that of the start.
    expect(tried(constraint.begin()) > 0).toBe(place === 0);
    tried(first);
    first.take(0);
  }
  const second = constraint.begin();
  for (let place = 0; place < 399; place++) {
    // Forgotten long ago: only the start was asked for since.
    expect(tried(second) > 0).toBe(place > 0);
    expect(tried(second)).toBe(0);
    second.take(0);
  }
});
