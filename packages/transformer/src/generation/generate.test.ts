import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { argmax, type HostTensor, OptionError, openDevice, Rng, tensor } from "@dl/core";
import { inference } from "@dl/nn";
import { beforeAll, describe, expect, test } from "vitest";
import { EncoderDecoder } from "../models/encoder-decoder.ts";
import { Gpt2, nanoGptShakespeare } from "../models/gpt2.ts";
import { Llama } from "../models/llama.ts";
import { T5 } from "../models/t5.ts";
import { loadFolder } from "../node/index.ts";
import { fixturePath, onDevice, readJson } from "../reference-fixture.ts";
import { type Generated, type GenerateOptions, generate, type TextModel } from "./generate.ts";
import { jsonPattern } from "./json-pattern.ts";
import * as processors from "./logits-processors.ts";
import { Pattern } from "./pattern.ts";
import { patternConstraint } from "./token-constraint.ts";

interface Run {
  readonly args: Readonly<Record<string, number | boolean | string>>;
  readonly sequences: readonly (readonly number[])[];
  readonly rows_unpadded?: readonly (readonly (readonly number[])[])[];
  readonly sequences_scores?: readonly number[] | readonly (readonly number[])[];
}

interface Recorded {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly eos_token_id: number;
  readonly pad_token_id: number;
  readonly runs: readonly Run[];
}

const models = {
  gpt2: (folder: string) => loadFolder(folder, Gpt2),
  gpt2_scaled: (folder: string) => loadFolder(folder, Gpt2),
  llama: (folder: string) => loadFolder(folder, Llama),
  llama3: (folder: string) => loadFolder(folder, Llama),
  llama_yarn: (folder: string) => loadFolder(folder, Llama),
  t5: (folder: string) => loadFolder(folder, T5),
  t5_gated: (folder: string) => loadFolder(folder, T5),
  t5_silu: (folder: string) => loadFolder(folder, T5),
  bart: (folder: string) => loadFolder(folder, EncoderDecoder),
  marian: (folder: string) => loadFolder(folder, EncoderDecoder),
} satisfies Record<string, (folder: string) => Promise<TextModel & Disposable>>;

describe.each(Object.entries(models))("%s writes what transformers writes", (name, load) => {
  const recorded = readJson<Recorded>(`${name}/generate.json`);
  const { input_ids: rows, attention_mask: masks, eos_token_id: end, pad_token_id: pad } = recorded;
  const prompts = rows.map((row, i) => row.filter((_, at) => masks[i]![at] === 1));

  test.each(recorded.runs.map((run) => [JSON.stringify(run.args), run] as const))("%s", async (_, run) => {
    await onDevice(wasm({ threads: 1 }), async (device) => {
      using model = await load(fixturePath(name));
      const { num_beams: beams = 1, max_new_tokens: newTokens, length_penalty, num_return_sequences: sequences = 1, ...rest } = run.args;
      const options: GenerateOptions = {
        ...{ device, newTokens: Number(newTokens), endIds: [end] },
        ...(rest.no_repeat_ngram_size !== undefined && { noRepeatNgram: Number(rest.no_repeat_ngram_size) }),
        ...(Number(beams) > 1 && {
          beam: {
            ...{ beams: Number(beams), sequences: Number(sequences), lengthPenalty: Number(length_penalty ?? 1) },
            earlyStopping: (rest.early_stopping ?? false) as boolean,
          },
        }),
      };
      const texts = await generate(model, prompts, options);
      const wanted = run.rows_unpadded?.flat() ?? run.sequences;
      const isDecoder = name.startsWith("gpt2") || name.startsWith("llama");
      const written = wanted.map((ids, i) => {
        const unpadded = prompts[Math.floor(i / Number(sequences))]!.length;
        const start = isDecoder ? (run.rows_unpadded ? unpadded : rows[0]!.length) : 1;
        return beforePadding(ids.slice(start), { end, pad, count: texts[i]!.ids.length });
      });
      expect(texts.map(({ ids }) => ids)).toEqual(written);
      for (const [i, score] of (run.sequences_scores ?? []).flat().entries()) expect(texts[i]!.score).toBeCloseTo(score, 3);
    });
  });
});

/** A row up to its end token; padding may be a token that was written, too, so only what is beyond the end is cut. */
function beforePadding(ids: readonly number[], { end, pad, count }: { end: number; pad: number; count: number }): readonly number[] {
  const at = ids.indexOf(end);
  if (at >= 0) return ids.slice(0, at + 1);
  // A shorter beam is filled up behind its last token.
  return ids.slice(count).every((id) => id === pad) ? ids.slice(0, count) : ids;
}

describe("logits processors are transformers'", () => {
  const { input_ids, scores, cases } = readJson<{
    input_ids: number[][];
    scores: { shape: number[]; data: number[] };
    cases: { processor: string; args: Record<string, number>; output: { data: (number | string)[] } }[];
  }>("logits_processors.json");
  const made: Readonly<Record<string, (args: Record<string, number>) => processors.LogitsProcessor>> = {
    TemperatureLogitsWarper: ({ temperature }) => processors.temperature(temperature!),
    TopKLogitsWarper: ({ top_k }) => processors.topK(top_k!),
    TopPLogitsWarper: ({ top_p }) => processors.topP(top_p!),
    MinPLogitsWarper: ({ min_p }) => processors.minP(min_p!),
    RepetitionPenaltyLogitsProcessor: ({ penalty }) => processors.repetitionPenalty(penalty!),
    NoRepeatNGramLogitsProcessor: ({ ngram_size }) => processors.noRepeatNgram(ngram_size!),
    MinLengthLogitsProcessor: ({ min_length, eos_token_id }) => processors.minimumLength(min_length!, [eos_token_id!]),
  };
  test.each(cases)("$processor", ({ processor, args, output }) => {
    const vocabulary = scores.shape[1]!;
    for (const [row, ids] of input_ids.entries()) {
      const own = Float32Array.from(scores.data.slice(row * vocabulary, (row + 1) * vocabulary));
      made[processor]!(args)(own, { ids, written: 0 });
      for (const [i, value] of own.entries()) {
        const wanted = Number(output.data[row * vocabulary + i]);
        if (Number.isFinite(wanted)) expect(Math.abs(value - wanted)).toBeLessThan(1e-5);
        else expect(value).toBe(wanted);
      }
    }
  });

  test("banned words: a single token always, a longer one after its beginning", () => {
    const own = new Float32Array(5);
    processors.banned([[1], [2, 3], [0, 4]])(own, { ids: [9, 2], written: 0 });
    expect([...own]).toEqual([0, -Infinity, 0, -Infinity, 0]);
  });

  test("what narrows leaves as many as it is told to keep", () => {
    const left = (processor: processors.LogitsProcessor): number[] => {
      const own = Float32Array.of(5, 1, 4, 2, 3);
      processor(own, { ids: [], written: 0 });
      return Array.from(own.keys()).filter((i) => Number.isFinite(own[i]!));
    };
    expect(left(processors.topK(1, { keep: 3 }))).toEqual([0, 2, 4]);
    expect(left(processors.topP(0.1, { keep: 2 }))).toEqual([0, 2]);
    expect(left(processors.minP(0.9, { keep: 2 }))).toEqual([0, 2]);
    expect(left(processors.epsilonCutoff(0.9, { keep: 4 }))).toEqual([0, 2, 3, 4]);
    expect(left(processors.minP(1))).toEqual([0]);
    expect(() => processors.topK(1, { keep: 0 })).toThrow(/topK: expected keep to be a whole number ≥ 1, got 0/);
  });

  test("cut-offs by hand: of ½, ¼, ⅛, ⅛ the entropy is 1.75 · ln 2, so η of 0.16 is √0.16 · 2^−1.75 = 0.119", () => {
    const left = (processor: processors.LogitsProcessor): number => {
      const own = Float32Array.of(0.5, 0.25, 0.125, 0.125).map(Math.log);
      processor(own, { ids: [], written: 0 });
      return own.filter(Number.isFinite).length;
    };
    expect([left(processors.epsilonCutoff(0.12)), left(processors.epsilonCutoff(0.13)), left(processors.epsilonCutoff(0.9))]).toEqual([
      4, 2, 1,
    ]);
    expect([left(processors.etaCutoff(0.16)), left(processors.etaCutoff(0.2))]).toEqual([4, 2]); // √0.2 · 0.297 = 0.133
  });

  test("typical sampling by hand: of 0.8, 0.1, 0.1 the entropy is 0.64; the surprise of the first, 0.22, is the nearest to it", () => {
    const surer = Float32Array.of(Math.log(0.8), Math.log(0.1), Math.log(0.1));
    processors.typicalP(0.7)(surer, { ids: [], written: 0 });
    expect([...surer].map(Number.isFinite)).toEqual([true, false, false]);
  });
});

describe("sampling", () => {
  let texts: (seed: number, prompts: number[][], more?: Partial<GenerateOptions>) => Promise<Generated[]>;
  beforeAll(() => {
    texts = async (seed, prompts, more = {}) => {
      await using device = await openDevice(cpu());
      using model = new Gpt2({ ...nanoGptShakespeare, size: 32, layers: 2, deviation: 0.3, rng: new Rng(3) });
      return await generate(model, prompts, { device, newTokens: 12, sample: { rng: new Rng(seed), topK: 20 }, ...more });
    };
  });

  test("the same seed writes the same, another seed another, and other rows of the batch change nothing", async () => {
    const [alone] = await texts(5, [[1, 2, 3]]);
    const [again, other] = await texts(5, [
      [1, 2, 3],
      [4, 5, 6, 7, 8],
    ]);
    expect(again!.ids).toEqual(alone!.ids);
    expect(other!.ids).not.toEqual(alone!.ids);
    expect((await texts(6, [[1, 2, 3]]))[0]!.ids).not.toEqual(alone!.ids);
  });

  test("a top of one is greedy; tokens come as they are chosen; the length ends it", async () => {
    const [greedy] = await texts(5, [[1, 2, 3]], { sample: { rng: new Rng(1), topK: 1 } });
    const streamed: number[] = [];
    const [plain] = await generateGreedy({ onToken: ({ id }) => streamed.push(id) });
    expect(greedy!.ids).toEqual(plain!.ids);
    expect(streamed).toEqual([...plain!.ids]);
    expect(plain!.reason).toBe("length");
  });

  const generateGreedy = async (more: Partial<GenerateOptions>): Promise<Generated[]> => {
    await using device = await openDevice(cpu());
    using model = new Gpt2({ ...nanoGptShakespeare, size: 32, layers: 2, deviation: 0.3, rng: new Rng(3) });
    return await generate(model, [[1, 2, 3]], { device, newTokens: 12, ...more });
  };

  test.each([
    ["epsilonCutoff", processors.epsilonCutoff(0.02)],
    ["etaCutoff", processors.etaCutoff(0.2)],
  ] as const)("%s leaves out what is too unlikely, and nothing else", async (name, cut) => {
    const drawn = async (options: object): Promise<{ id: number; isKept: boolean }[]> => {
      const seen: Float32Array[] = [];
      const [text] = await texts(8, [[1, 2, 3]], {
        ...{ newTokens: 40, processors: [(scores) => void seen.push(scores.slice())] },
        sample: { rng: new Rng(8), temperature: 1.5, ...options },
      });
      return text!.ids.map((id, i) => {
        const scores = seen[i]!.map((score) => score / 1.5); // heat comes first
        cut(scores, { ids: [], written: 0 });
        return { id, isKept: Number.isFinite(scores[id]!) };
      });
    };
    const kept = await drawn({ [name]: name === "etaCutoff" ? 0.2 : 0.02 });
    expect(kept.every(({ isKept }) => isKept)).toBe(true);
    expect(new Set(kept.map(({ id }) => id)).size).toBeGreaterThan(3);
    expect((await drawn({})).some(({ isKept }) => !isKept)).toBe(true);
  });

  test("a stop string ends the text where it is whole; end tokens wait for the minimum", async () => {
    const [free] = await generateGreedy({});
    const name = (id: number): string => `<${id}>`;
    const stop = { strings: [name(free!.ids[4]!)], decode: (ids: readonly number[]) => ids.map(name).join("") };
    const [stopped] = await generateGreedy({ stop });
    expect(stopped!.reason).toBe("stop");
    expect(stopped!.ids).toEqual(free!.ids.slice(0, free!.ids.indexOf(free!.ids[4]!) + 1));
    const first = free!.ids[0]!;
    const [early] = await generateGreedy({ endIds: [first] });
    expect(early).toMatchObject({ ids: [first], reason: "end" });
    const [late] = await generateGreedy({ endIds: [first], minimumNewTokens: 3 });
    expect(late!.ids.slice(0, 3)).not.toContain(first);
  });

  test("numbers out of range are told, not taken for others", async () => {
    const nonsense = [
      { beam: { beams: 2, sequences: 0 } },
      { beam: { beams: 3, sequences: 1.5 } },
      { beam: { beams: 2, lengthPenalty: Number.NaN } },
      { minimumNewTokens: Number.NaN },
      { minimumLength: -1 },
    ];
    for (const options of nonsense) await expect(generateGreedy(options), JSON.stringify(options)).rejects.toThrow(OptionError);
    await expect(generateGreedy(nonsense[0]!)).rejects.toThrow(/1 to as many sequences, got 2 and 0/);
  });

  test("a stop string ends the text where it stands across the border of two tokens, and must hold something", async () => {
    const [free] = await generateGreedy({});
    const name = (id: number): string => `<${id}>`;
    const decode = (ids: readonly number[]): string => ids.map(name).join("");
    // The last two characters of the fourth token and all of the fifth but its end.
    const across = `${free!.ids[3]! % 10}><${free!.ids[4]}`;
    const [stopped] = await generateGreedy({ stop: { strings: ["never", across], decode } });
    const count = free!.ids.findIndex((_, i) => decode(free!.ids.slice(0, i + 1)).includes(across)) + 1;
    expect(count).toBeGreaterThan(1);
    expect(stopped).toEqual({ ids: free!.ids.slice(0, count), reason: "stop" });
    const empty = generateGreedy({ stop: { strings: ["never", ""], decode } });
    await expect(empty).rejects.toThrow(OptionError);
    await expect(empty).rejects.toThrow(/expected stop strings of at least one character, got ""/);
  });

  test("a signal that is aborted ends the work after the token at hand", async () => {
    for (const beam of [undefined, { beams: 2 }]) {
      const stopping = new AbortController();
      let calls = 0;
      const counted = (): void => {
        calls++;
        if (calls === 4) stopping.abort(new Error("enough"));
      };
      const options = { ...(beam && { beam }), processors: [counted], signal: stopping.signal };
      await expect(generateGreedy(options)).rejects.toThrow("enough");
      expect(calls).toBe(4);
    }
  });

  test("the host has its turns meanwhile: a timer can abort it on a device that computes here", async () => {
    for (const beam of [undefined, { beams: 2 }]) {
      // Four tokens at 30 ms each.
      const slow = (): void => {
        for (const start = performance.now(); performance.now() - start < 30; );
      };
      const options = { ...(beam && { beam }), processors: [slow], signal: AbortSignal.timeout(1) };
      await expect(generateGreedy(options)).rejects.toThrow(/timeout/);
    }
  });

  test("top-p narrows before min-p, as transformers' warpers stand: by hand", async () => {
    // Top-p 0.7 of 0.4, 0.25, 0.15, 0.1, 0.1 keeps three, and min-p 0.3 those of at least 0.12: all three. The other way round, of the three
    // that min-p keeps the first two have 0.65 / 0.8 = 0.81 already, and the third would go.
    const shares = [0.4, 0.25, 0.15, 0.1, 0.1];
    const fixed = (scores: Float32Array): void => {
      for (const id of scores.keys()) scores[id] = Math.log(shares[id] ?? 0);
    };
    const drawn = async (narrow: object): Promise<number[]> => {
      const [text] = await texts(4, [[1]], { newTokens: 60, processors: [fixed], endIds: [], sample: { rng: new Rng(4), ...narrow } });
      return [...new Set(text!.ids)].sort();
    };
    expect(await drawn({})).toEqual([0, 1, 2, 3, 4]);
    expect(await drawn({ topP: 0.7, minP: 0.3 })).toEqual([0, 1, 2]);
    expect(await drawn({ topP: 0.6, minP: 0.3 })).toEqual([0, 1]);
    // 0.4 is the largest, whatever is left: half of it keeps two.
    expect(await drawn({ topP: 0.7, minP: 0.5 })).toEqual([0, 1]);
  });

  test("a text held to a pattern tells whether it is whole where its tokens run out", async () => {
    const letters = Array.from({ length: 65 }, (_, id) => String.fromCodePoint(48 + id));
    const held = async (source: string, newTokens: number): Promise<Generated> => {
      const constraint = patternConstraint(new Pattern(source), { tokens: letters });
      return (await texts(1, [[1, 2]], { constraint, newTokens }))[0]!;
    };
    expect(await held("[0-9]{3}", 2)).toMatchObject({ reason: "length", fits: false });
    expect(await held("[0-9]{3}", 3)).toMatchObject({ reason: "length", fits: true });
    expect(await held("[0-9]{3}", 4)).toMatchObject({ reason: "constraint", fits: true });
    expect(await held("([0-9]{2})+", 5)).toMatchObject({ reason: "length", fits: false });
    expect(await held("([0-9]{2})+", 6)).toMatchObject({ reason: "length", fits: true });
    expect((await texts(1, [[1, 2]]))[0]).not.toHaveProperty("fits");
  });

  test("a text held to a pattern fits it, and then ends", async () => {
    const letters = Array.from({ length: 65 }, (_, id) => String.fromCodePoint(48 + id)); // 0–9, …, A–Z, …, a–p
    for (const pattern of [new Pattern("[0-9]{3}-?(A|B)"), new Pattern("(ab|cd){2}")]) {
      const held = Array.from(letters, (letter) => (letter === "-" ? "" : letter));
      const constraint = patternConstraint(pattern, { tokens: held });
      for (const seed of [1, 2, 3]) {
        const [text] = await texts(seed, [[1, 2]], { constraint, sample: { rng: new Rng(seed) } });
        expect(text!.reason).toBe("constraint");
        expect(pattern.matches(text!.ids.map((id) => letters[id]!).join(""))).toBe(true);
      }
    }
  });

  test("what cannot be is told", async () => {
    await expect(texts(1, [])).rejects.toThrow(/expected at least one prompt/);
    await expect(texts(1, ["the cat"] as never)).rejects.toThrow(/lists of token ids, \[\[1, 2\], …\], got "the cat" as prompt 0/);
    await expect(texts(1, [3, 4] as never)).rejects.toThrow(/got 3 as prompt 0/);
    await expect(texts(1, [[]])).rejects.toThrow(/prompts of at least one token, got an empty one at 0/);
    await expect(texts(1, [[65]])).rejects.toThrow(/token ids from 0 to 64, got 65 in prompt 0/);
    await expect(texts(1, [[1]], { newTokens: 64 })).rejects.toThrow(/fit the context of 64, got 1 and 64/);
    await expect(texts(1, [[1]], { beam: { beams: 2 } })).rejects.toThrow(/beam search without sample/);
    await expect(texts(1, [[1]], { sample: { rng: new Rng(1), temperature: 0 } })).rejects.toThrow(
      /temperature: expected it to be a number > 0/,
    );
    const all = Array.from({ length: 65 }, (_, id) => [id]);
    await expect(texts(1, [[1]], { banned: all })).rejects.toThrow(/expected a token that may come next, got none/);
  });

  test("beam search, too, tells of a text that cannot go on, and of fewer texts than were asked for", async () => {
    const beam = { beams: 3, sequences: 3 };
    const all = Array.from({ length: 65 }, (_, id) => [id]);
    await expect(generateGreedy({ beam, banned: all })).rejects.toThrow(/expected a token that may come next, got none/);
    const broken = (scores: Float32Array): void => void (scores[7] = Number.NaN);
    await expect(generateGreedy({ beam, processors: [broken] })).resolves.toHaveLength(3);
    const nothing = (scores: Float32Array): void => void scores.fill(Number.NaN);
    await expect(generateGreedy({ beam, processors: [nothing] })).rejects.toThrow(/expected a token that may come next, got none/);
    // One token long, and only one may come: there is one text.
    const one = { newTokens: 1, forcedFirst: [5] };
    await expect(generateGreedy({ beam, ...one })).rejects.toThrow(/expected 3 sequences, got 1: what is banned leaves no more/);
    expect(await generateGreedy({ beam: { beams: 3 }, ...one })).toMatchObject([{ ids: [5], reason: "length" }]);
  });

  test("a text may not end before it and its prompt have so many tokens, but where the end is forced", async () => {
    const first = (await generateGreedy({}))[0]!.ids[0]!;
    const [long] = await generateGreedy({ endIds: [first], minimumLength: 8, newTokens: 5 });
    expect(long!.ids).toHaveLength(5);
    expect(long!.ids).not.toContain(first);
    const [forced] = await generateGreedy({ endIds: [first], minimumLength: 20, newTokens: 5, forcedLast: [first] });
    expect(forced).toMatchObject({ reason: "end" });
    expect(forced!.ids.indexOf(first)).toBe(4);
  });
});

test("an encoder–decoder writes as much as its context holds; more is told before anything is computed; T5 has no bound", async () => {
  await using device = await openDevice(cpu());
  const small = { vocabulary: 20, size: 8, layers: 1, heads: 2, hidden: 8, rng: new Rng(3) };
  using bounded = new EncoderDecoder({ ...small, context: 6 });
  const write = (model: TextModel, prompt: number[], newTokens: number): Promise<Generated[]> =>
    generate(model, [[1], prompt], { device, newTokens, endIds: [] });
  expect((await write(bounded, [1, 2, 3, 4, 5, 6], 6)).map(({ ids }) => ids.length)).toEqual([6, 6]);
  for (const [length, newTokens] of [
    [6, 7],
    [7, 6],
  ] as const) {
    const prompt = Array.from({ length }, () => 1);
    const failed = write(bounded, prompt, newTokens);
    await expect(failed).rejects.toThrow(`prompts and new tokens that fit the context of 6 each, got ${length} and ${newTokens}`);
    await expect(failed).rejects.toThrow(OptionError);
  }
  using free = new T5(small);
  expect((await write(free, [1, 2, 3, 4, 5, 6, 7], 40)).map(({ ids }) => ids.length)).toEqual([40, 40]);
});

test("a cache gives the logits of the whole text, one token at a time, and takes no more memory for it", async () => {
  await onDevice(wasm({ threads: 1 }), async (device) => {
    using model = new Gpt2({ ...nanoGptShakespeare, size: 32, layers: 2, deviation: 0.3, rng: new Rng(3) });
    const options = { device, newTokens: 20 };
    await generate(model, [[1, 2, 3]], options);
    const before = device.memory();
    await generate(model, [[1, 2, 3]], { ...options, newTokens: 40 });
    expect(device.memory().buffers).toBe(before.buffers);
    // While it writes, too: not one buffer or byte more for the fortieth token than for the first.
    const during: object[] = [];
    const onToken = (): void => {
      const { buffers, bytes } = device.memory();
      during.push({ buffers, bytes });
    };
    await generate(model, [[1, 2, 3]], { ...options, newTokens: 40, onToken });
    expect(during).toHaveLength(40);
    expect(during).toEqual(during.map(() => during[0]));
    const uncached: number[] = [1, 2, 3];
    for (let i = 0; i < 20; i++) {
      const ids = { data: Int32Array.from(uncached), shape: [1, uncached.length], dtype: "int32" } as const;
      const next = (await device.compute(() => argmax(model.forward({ ids: tensor(ids) }, inference), -1))) as HostTensor;
      uncached.push(next.data.at(-1)!);
    }
    const [cached] = await generate(model, [[1, 2, 3]], options);
    expect(cached!.ids).toEqual(uncached.slice(3));
  });
});

describe("patterns", () => {
  test.each([
    ["a*b+c?", ["b", "aabbc"], ["", "a", "cb"]],
    ["(?:x|yz){2,3}", ["xx", "xyz", "yzyzyz"], ["x", "xxxx", "y"]],
    ["[^a-c\\d]\\.", ["d.", "Z."], ["a.", "3.", "dx"]],
    ["\\w+\\s\\u0041", ["ab A"], ["ab B", " A"]],
    ["^(a(b|c)*d)?$", ["", "ad", "abcbd"], ["abc", "da"]],
    ["a{0}b", ["b"], ["ab"]],
    ["é.", ["é😀"], ["e😀", "é"]],
  ] as const)("%s", (source, fit, unfit) => {
    const pattern = new Pattern(source);
    for (const text of fit) expect(pattern.matches(text), text).toBe(true);
    for (const text of unfit) expect(pattern.matches(text), text).toBe(false);
  });

  test.each(["(a", "a)", "[a", "*a", "a{2,1}", "(?=a)", "\\q", "a{9999}", "[b-a]", "a\\"])("%s is refused with its place", (source) => {
    expect(() => new Pattern(source)).toThrow(/Pattern ".*": expected .* at \d+\./);
  });

  test("a JSON schema allows the texts it describes", () => {
    const pattern = jsonPattern({
      type: "object",
      properties: {
        name: { type: "string", maxLength: 5 },
        age: { type: "integer" },
        tags: { type: "array", items: { enum: ["a", "b."] }, maxItems: 2 },
        more: { anyOf: [{ type: "null" }, { type: "number" }] },
      },
      required: ["age"],
    });
    for (const value of [
      { age: 3 },
      { name: "Ann", age: -12 },
      { age: 0, tags: ["a", "b."] },
      { name: 'q"', age: 1, more: 1.5e3 },
      { age: 1, tags: [], more: null },
    ]) {
      expect(pattern.matches(JSON.stringify(value)), JSON.stringify(value)).toBe(true);
    }
    for (const text of [
      "{}",
      '{"name":"Ann"}',
      '{"age":01}',
      '{"age":1,"tags":["c"]}',
      '{"age":1,}',
      '{"name":"toolong","age":1}',
      '{"age":1,"tags":["bx"]}',
    ]) {
      expect(pattern.matches(text), text).toBe(false);
    }
    expect(() => jsonPattern({ type: "object", properties: { a: { $ref: "#" } } })).toThrow(/schema\.a: expected a type/);
    expect(() => jsonPattern({ type: "integer", minimum: 3 })).toThrow(/expected keywords of integer, got "minimum"/);
  });
});
