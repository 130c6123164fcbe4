import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { expect, test } from "vitest";
import { Gpt2, nanoGptShakespeare } from "../models/gpt2.ts";
import { type Generated, type GenerateOptions, generate } from "./generate.ts";
import { type LogitsProcessor, logSoftmaxOf } from "./logits-processors.ts";
import { Pattern } from "./pattern.ts";
import { patternConstraint } from "./token-constraint.ts";

const texts = async (more: Partial<GenerateOptions>): Promise<Generated[]> => {
  await using device = await openDevice(cpu());
  using model = new Gpt2({ ...nanoGptShakespeare, size: 32, layers: 2, deviation: 0.3, rng: new Rng(3) });
  return await generate(model, [[1, 2, 3]], { device, newTokens: 12, ...more });
};

test("beam search held to a pattern finds the likeliest of all texts that fit, by trying every one", async () => {
  const letters = Array.from({ length: 65 }, (_, id) => (id < 4 ? "abcd"[id]! : ""));
  const pattern = new Pattern("a(b|c)?d|[bc]{2}");
  const constraint = patternConstraint(pattern, { tokens: letters });
  const rows = [
    [0, 3],
    [0, 1, 3],
    [0, 2, 3],
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ];
  // Each text's own log-probability: its tokens forced one after the other, nothing else allowed to count.
  const logs = async (ids: readonly number[]): Promise<number> => {
    let sum = 0;
    const forced: LogitsProcessor = (scores, { written }) => {
      const all = logSoftmaxOf(scores);
      sum += all[ids[written]!]!;
      for (const id of scores.keys()) if (id !== ids[written]) scores[id] = Number.NEGATIVE_INFINITY;
    };
    await texts({ processors: [forced], newTokens: ids.length, endIds: [] });
    return sum / ids.length;
  };
  const scored = await Promise.all(rows.map(async (ids) => ({ ids, score: await logs(ids) })));
  scored.sort((a, b) => b.score - a.score);
  const found = await texts({ beam: { beams: 8, sequences: 7, earlyStopping: "never" }, constraint, endIds: [], newTokens: 8 });
  expect(found.map(({ ids }) => ids)).toEqual(scored.map(({ ids }) => ids));
  for (const [i, { score, reason, fits }] of found.entries()) {
    expect(score).toBeCloseTo(scored[i]!.score, 4);
    expect({ reason, fits }).toEqual({ reason: "constraint", fits: true });
  }
  // There are no more, and two tokens do not do for all.
  await expect(texts({ beam: { beams: 8, sequences: 8 }, constraint, endIds: [] })).rejects.toThrow(/expected 8 sequences, got 7/);
  const short = await texts({ beam: { beams: 8, sequences: 7 }, constraint, endIds: [], newTokens: 2 });
  expect(short.map(({ ids, reason, fits }) => [ids.length, reason, fits]).filter(([, , fits]) => fits)).toHaveLength(5);
});

test("beams held to a pattern end with the end token where the text may end, and nowhere else", async () => {
  const letters = Array.from({ length: 65 }, (_, id) => (id < 4 ? "abcd"[id]! : ""));
  const pattern = new Pattern("([ab]{2})+");
  const constraint = patternConstraint(pattern, { tokens: letters });
  const likely: LogitsProcessor = (scores) => void (scores[64] = 0);
  const found = await texts({ beam: { beams: 4, sequences: 4 }, constraint, endIds: [64], newTokens: 5, processors: [likely] });
  expect(found.map(({ ids }) => ids.length).sort()).toContain(3);
  for (const { ids, reason, fits } of found) {
    const text = ids.map((id) => letters[id]!).join("");
    expect(reason).toBe(ids.at(-1) === 64 ? "end" : "length");
    expect(fits).toBe(pattern.matches(text));
  }
});

test("a stop string ends a beam", async () => {
  const beam = { beams: 3, sequences: 3 };
  const decode = (ids: readonly number[]): string => ids.map((id) => `<${id}>`).join("");
  const [free] = await texts({ beam });
  const string = `<${free!.ids[2]}>`;
  for (const { ids, reason } of await texts({ beam, stop: { strings: [string], decode } })) {
    expect(decode(ids.slice(0, -1))).not.toContain(string);
    expect(reason).toBe(decode(ids).includes(string) ? "stop" : "length");
  }
  const [stopped] = await texts({ beam, stop: { strings: [string], decode } });
  expect(stopped!.ids.at(-1)).toBe(free!.ids[2]);
});
