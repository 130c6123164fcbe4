import { Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type BlockCell,
  blockCell,
  choice,
  crossover,
  type EdgeCell,
  edgeCell,
  encode,
  enumerate,
  express,
  float,
  integer,
  mutate,
  neighbours,
  ofGenotype,
  oneOf,
  optional,
  record,
  repeat,
  type Space,
  sample,
  type ValueOf,
} from "../index.ts";

const network = record({
  width: choice([16, 32, 64]),
  depth: integer(1, 4),
  optimizer: oneOf({
    sgd: record({ momentum: choice([0, 0.9]) }),
    adamw: record({ beta2: choice([0.99, 0.999]), amsgrad: choice([false, true]) }),
  }),
  blocks: repeat(choice(["conv", "pool"]), { times: [0, 2] }),
  head: optional(choice(["wide", "narrow"])),
});
const training = record({ learningRate: float(1e-4, 1e-1, { log: true }), batchSize: integer(8, 128, { log: true }) });
const spaces: readonly (readonly [string, Space<unknown>])[] = [
  ["a network", network],
  ["training", training],
  ["an edge cell", edgeCell({ nodes: 4, operations: ["none", "skip", "conv"] })],
  ["a block cell", blockCell({ blocks: 3, operations: ["identity", "conv"] })],
];

test("types follow the space", () => {
  type Value = ValueOf<typeof network>;
  expectTypeOf<Value["width"]>().toEqualTypeOf<16 | 32 | 64>();
  expectTypeOf<Value["blocks"]>().toEqualTypeOf<readonly ("conv" | "pool")[]>();
  const { optimizer } = sample(network, new Rng(1)).value;
  if (optimizer.kind === "sgd") expectTypeOf(optimizer.value.momentum).toEqualTypeOf<0 | 0.9>();
});

describe("by hand", () => {
  test("sizes multiply side by side and add up over branches", () => {
    expect(network.size).toBe(3 * 4 * (2 + 4) * (1 + 2 + 4) * 3);
    expect(training.size).toBe(Infinity);
    expect(edgeCell({ nodes: 4, operations: ["a", "b", "c", "d", "e"] }).size).toBe(15_625);
    // Two sources of two inputs and two operations, squared; then of three.
    expect(blockCell({ blocks: 2, operations: ["a", "b"] }).size).toBe((2 * 2) ** 2 * (3 * 2) ** 2);
  });

  test("enumeration lists every candidate once, in order", () => {
    const space = record({ a: choice(["x", "y"]), b: oneOf({ none: record({}), some: integer(5, 6) }) });
    expect([...enumerate(space)].map(({ value }) => JSON.stringify(value))).toEqual([
      '{"a":"x","b":{"kind":"none","value":{}}}',
      '{"a":"x","b":{"kind":"some","value":5}}',
      '{"a":"x","b":{"kind":"some","value":6}}',
      '{"a":"y","b":{"kind":"none","value":{}}}',
      '{"a":"y","b":{"kind":"some","value":5}}',
      '{"a":"y","b":{"kind":"some","value":6}}',
    ]);
    expect(new Set([...enumerate(network)].map(({ key }) => key)).size).toBe(network.size);
    expect([...enumerate(record({}))]).toHaveLength(1);
  });

  test("the encoding: choices one-hot, ranges as a place and a presence, zeros for what is not there", () => {
    const space = record({ a: choice(["x", "y"]), b: optional(integer(1, 4)) });
    const code = (genotype: Record<string, number>) => [...encode(space, ofGenotype(space, genotype))];
    expect(code({ a: 1, "b.present": 0 })).toEqual([0, 1, 1, 0, 0, 0]);
    // 2 of 1…4 owns the second quarter of the scale: its middle is 3/8.
    expect(code({ a: 0, "b.present": 1, "b.value": 2 })).toEqual([1, 0, 0, 1, 0.375, 1]);
  });

  test("neighbours of a point of a grid", () => {
    const space = record({ a: integer(1, 3), b: choice(["x", "y", "z"]) });
    const near = [...neighbours(space, ofGenotype(space, { a: 1, b: 1 }))].map(({ value }) => `${value.a}${value.b}`);
    expect(near).toEqual(["2y", "1x", "1z"]);
  });
});

describe("cells that compute the same are one", () => {
  test("NAS-Bench-201: 15,625 cells, 6,466 by its authors' formula, 4,930 when sums of sums are sums and sums of nothing are nothing", () => {
    const space = edgeCell({ nodes: 4, operations: ["none", "skip", "conv1x1", "conv3x3", "avgPool3x3"] });
    // Dong and Yang 2020, section 2.1: a node is the sorted sum of what comes in; `#` stands for nothing, but `#+#` does not.
    const theirs = ({ nodes, edges }: EdgeCell): string => {
      const texts = ["0"];
      for (let to = 1; to < nodes; to++) {
        const terms = edges
          .filter((edge) => edge.to === to)
          .map(({ from, operation }) => {
            if (operation === "none" || texts[from] === "#") return "#";
            return operation === "skip" ? texts[from]! : `(${texts[from]})@${operation}`;
          });
        texts.push(terms.sort().join("+"));
      }
      return texts.at(-1)!;
    };
    const all = [...enumerate(space)];
    const ours = new Map(all.map(({ value, key }) => [theirs(value), key]));
    expect(ours.size).toBe(6466);
    expect(new Set(ours.values()).size).toBe(4930);
    // What is one to them is one to us.
    for (const { value, key } of all) expect(ours.get(theirs(value))).toBe(key);
  });

  test("a path that ends in nothing, a skip, and the order of a sum make no difference", () => {
    const space = edgeCell({ nodes: 3, operations: ["none", "skip", "conv"] });
    const key = (a: string, b: string, c: string) => {
      const number = (name: string) => ["none", "skip", "conv"].indexOf(name);
      return ofGenotype(space, { "0-1": number(a), "0-2": number(b), "1-2": number(c) }).key;
    };
    expect(key("conv", "conv", "none")).toBe("conv(x)");
    expect(key("none", "conv", "conv")).toBe("conv(x)");
    expect(key("skip", "none", "conv")).toBe("conv(x)");
    expect(key("conv", "none", "skip")).toBe("conv(x)");
    expect(key("conv", "skip", "skip")).toBe(key("skip", "conv", "skip"));
    expect(key("none", "none", "none")).toBe("0");
  });

  test("the sides of a block may be swapped", () => {
    const space = blockCell({ blocks: 1, operations: ["conv", "pool"] });
    const cell = (left: number, right: number): BlockCell<"conv" | "pool"> => ({
      inputs: 2,
      blocks: [
        [
          { source: left, operation: "conv" },
          { source: right, operation: "pool" },
        ],
      ],
    });
    expect(space.canonical(cell(0, 1))).toBe("(conv(x0)+pool(x1))");
    expect(space.canonical({ inputs: 2, blocks: [[cell(0, 1).blocks[0]![1], cell(0, 1).blocks[0]![0]]] })).toBe("(conv(x0)+pool(x1))");
    expect(space.canonical(cell(1, 0))).not.toBe(space.canonical(cell(0, 1)));
  });
});

describe.each(spaces)("laws on %s", (_, space) => {
  const seeds = fc.integer({ min: 0, max: 1e6 });

  test("a candidate is its genotype", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const candidate = sample(space, new Rng(seed));
        expect(ofGenotype(space, JSON.parse(JSON.stringify(candidate.genotype)))).toEqual(candidate);
        const paths = new Set(space.decisions("").map(({ path }) => path));
        for (const path of Object.keys(candidate.genotype)) expect(paths).toContain(path);
      }),
    );
  });

  test("equal seeds draw equal candidates", () => {
    expect(sample(space, new Rng(3))).toEqual(sample(space, new Rng(3)));
  });

  test("a mutant is another candidate; parents that are equal have equal children", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const rng = new Rng(seed);
        const parent = sample(space, rng);
        expect(mutate(space, parent, rng).key).not.toBe(parent.key);
        expect(crossover(space, [parent, parent], rng)).toEqual(parent);
      }),
    );
  });

  test("a child has every decision of one of its parents, or one neither had", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const rng = new Rng(seed);
        const [mother, father] = [sample(space, rng), sample(space, rng)];
        const child = crossover(space, [mother, father], rng);
        for (const [path, number] of Object.entries(child.genotype)) {
          const known = [mother.genotype[path], father.genotype[path]].filter((one) => one !== undefined);
          if (known.length > 0) expect(known).toContain(number);
        }
      }),
    );
  });

  test("encodings have one length and are told apart by the decisions", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const rng = new Rng(seed);
        const [a, b] = [sample(space, rng), sample(space, rng)];
        expect(encode(space, a).length).toBe(encode(space, b).length);
        if (JSON.stringify(a.genotype) !== JSON.stringify(b.genotype)) expect(encode(space, a)).not.toEqual(encode(space, b));
      }),
    );
  });

  test("neighbours are valid, new, and each comes once", () => {
    const candidate = sample(space, new Rng(8));
    const near = [...neighbours(space, candidate)];
    expect(near.length).toBeGreaterThan(0);
    expect(new Set([candidate, ...near].map(({ key }) => key)).size).toBe(near.length + 1);
    for (const { genotype, key } of near) expect(ofGenotype(space, genotype).key).toBe(key);
  });
});

test("ranges are drawn evenly on their scale, ends included", () => {
  const rng = new Rng(4);
  const space = record({ a: integer(1, 4), b: integer(1, 64, { log: true }), c: float(1e-4, 1, { log: true }) });
  const values = Array.from({ length: 4000 }, () => sample(space, rng).value);
  for (const a of [1, 2, 3, 4]) expect(values.filter((value) => value.a === a).length / 4000).toBeCloseTo(0.25, 1);
  // log₂ of 1…64: an eighth of the scale, 0.5 to 64.5, is 7/8·log₂ … ; the middle of the scale is near √(0.5·64.5) ≈ 5.7.
  expect(values.filter(({ b }) => b <= 5).length / 4000).toBeCloseTo(Math.log(5.5 / 0.5) / Math.log(64.5 / 0.5), 1);
  expect(values.filter(({ c }) => c < 1e-2).length / 4000).toBeCloseTo(0.5, 1);
});

test("enumeration makes numbers when they are asked for: a wide range takes no memory", () => {
  const wide = record({ seed: integer(1, 2 ** 40), kind: choice(["a", "b"]) });
  const texts: string[] = [];
  for (const { value } of enumerate(wide)) if (texts.push(`${value.seed}${value.kind}`) === 3) break;
  expect(texts).toEqual(["1a", "1b", "2a"]);
});

test("what is empty, contradictory or of another space is told", () => {
  expect(() => choice([])).toThrow("choice: expected at least one option, got none.");
  expect(() => choice([[1], [1]])).toThrow("choice: expected different options, got [1] twice.");
  expect(() => integer(3, 2)).toThrow("integer: expected finite bounds with low ≤ high, got 3 and 2.");
  expect(() => float(0, 1, { log: true })).toThrow("float: expected low > 0 for a logarithmic range, got 0.");
  expect(() => float(Number.NaN, 1)).toThrow("float: expected finite bounds");
  expect(() => oneOf({})).toThrow("oneOf: expected at least one branch, got none.");
  expect(() => repeat(choice([1]), { times: [2, 1] })).toThrow("repeat: expected times");
  expect(() => edgeCell({ nodes: 1, operations: ["none"] })).toThrow("edgeCell: expected at least 2 nodes, got 1.");
  expect(() => [...enumerate(training)]).toThrow(
    "enumerate: expected decisions that can be counted, got a range of real numbers at learningRate",
  );
  expect(() => ofGenotype(training, {})).toThrow("ofGenotype: expected a decision at learningRate, got none. Is it of another space?");
  expect(() => ofGenotype(training, { learningRate: 0.01, batchSize: 8, more: 1 })).toThrow("expected no decision at more");
  // oneOf's own decision is named "kind", and so is that of a branch of this name.
  const branches = oneOf({ kind: choice([1, 2, 3]), other: choice([4]) });
  expect(() => express(branches, () => 0)).toThrow(
    "express: expected every decision to have a path of its own, got two at kind. Rename one.",
  );
  expect(() => express(training, () => 7)).toThrow("express: expected a number of float 0.0001 to 0.1 at learningRate, got 7.");
});
