import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import fc from "fast-check";
import { expect, test } from "vitest";
import * as ops from "../index.ts";
import { onEach, referenceSuite } from "../testing/reference-fixture.ts";

const binary: Readonly<Record<string, (a: ops.Tensor, b: ops.Tensor) => ops.Tensor>> = {
  matmul: ops.matmul,
  add_broadcast: ops.add,
  sub_broadcast: ops.sub,
  mul_broadcast: ops.mul,
  div_broadcast: (a, b) => ops.div(a, b.abs().add(0.5)),
  pow_broadcast: (a, b) => ops.pow(a.abs().add(0.5), b),
  maximum_broadcast: ops.maximum,
};

referenceSuite("einsum_matmul_broadcast", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name, attrs }, { a, b, x0, x1 }) => {
    if (name !== "einsum") return binary[name]!(a!, b!);
    return ops.einsum(attrs.equation, x1 ? [x0!, x1] : [x0!]);
  },
});

/** Every letter a loop, the innermost a product: the definition. */
function loops(terms: readonly string[], result: string, inputs: readonly ops.HostTensor[]): number[] {
  const sizes = new Map<string, number>();
  terms.forEach((term, i) => {
    [...term].forEach((letter, axis) => {
      sizes.set(letter, inputs[i]!.shape[axis]!);
    });
  });
  const letters = [...result, ...[...sizes.keys()].filter((letter) => !result.includes(letter))];
  const out = new Array<number>(ops.sizeOf([...result].map((letter) => sizes.get(letter)!))).fill(0);
  const at = new Map<string, number>();
  const placeOf = (term: string): number => [...term].reduce((place, letter) => place * sizes.get(letter)! + at.get(letter)!, 0);
  const run = (depth: number): void => {
    if (depth === letters.length) {
      out[placeOf(result)]! += terms.reduce((product, term, i) => product * inputs[i]!.data[placeOf(term)]!, 1);
      return;
    }
    for (let i = 0; i < sizes.get(letters[depth]!)!; i++) {
      at.set(letters[depth]!, i);
      run(depth + 1);
    }
  };
  run(0);
  return out;
}

const sizeOfLetter: Readonly<Record<string, number>> = { a: 2, b: 3, c: 1, d: 4 };
const term = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 3 }).map((letters) => letters.join(""));
const equation = fc.array(term, { minLength: 1, maxLength: 3 }).chain((terms) =>
  fc.tuple(
    fc.constant(terms),
    fc.shuffledSubarray([...new Set(terms.join(""))]).map((letters) => letters.join("")),
  ),
);

onEach([cpu({ precision: "float64" }), cpu(), wasm()], (open) => {
  test("einsum is nested loops, whatever the letters: repeated, summed, in any order", () => {
    const { device } = open();
    fc.assert(
      fc.property(equation, ([terms, result]) => {
        const rng = new ops.Rng(4);
        const inputs = terms.map((letters, i) => rng.fork(`${i}`).normal([...letters].map((letter) => sizeOfLetter[letter]!)));
        const out = device.computeSync(() =>
          ops
            .einsum(
              `${terms.join(",")}->${result}`,
              inputs.map((input) => ops.tensor(input)),
            )
            .reshape([-1]),
        );
        const expected = loops(terms, result, inputs);
        expect(out.data.length).toBe(expected.length);
        for (const [i, value] of expected.entries()) expect(Math.abs(out.data[i]! - value)).toBeLessThan(1e-4 * (1 + Math.abs(value)));
      }),
      { numRuns: 150 },
    );
  });

  test("without an arrow the letters that occur once remain, in alphabetical order; dots broadcast", async () => {
    const { device } = open();
    const out = await device.compute(() => {
      const a = ops.tensor([
        [1, 2],
        [3, 4],
      ]);
      const stack = ops.tensor([
        [
          [1, 0],
          [0, 1],
        ],
        [
          [2, 0],
          [0, 2],
        ],
      ]);
      return [
        ops.einsum("ba", [a]),
        ops.einsum("ij,jk", [a, a]),
        ops.einsum("ii", [a]),
        ops.einsum("...ij,...jk->...ik", [stack, a]),
        ops.einsum("...ij->...", [stack]),
        ops.einsum("...i,...i->...", [ops.zeros([0, 2]), ops.zeros([1, 2])]),
      ] as ops.Tensor[];
    });
    expect(out.map((item) => (typeof item === "number" ? [item] : [item.shape, ...item.data]))).toEqual([
      [[2, 2], 1, 3, 2, 4],
      [[2, 2], 7, 10, 15, 22],
      [5],
      [[2, 2, 2], 1, 2, 3, 4, 2, 4, 6, 8],
      [[2], 2, 4],
      [[0]],
    ]);
  });

  test("equations that make no sense say so", async () => {
    const { device } = open();
    await device.compute(() => {
      const a = ops.zeros([2, 3]);
      expect(() => ops.einsum("ij,jk->ik", [a])).toThrow(
        new ops.OptionError('einsum: expected an equation such as "ij,jk->ik" with 1 inputs, got "ij,jk->ik".'),
      );
      expect(() => ops.einsum("i1->i", [a])).toThrow(ops.OptionError);
      expect(() => ops.einsum("ij->ik", [a])).toThrow('einsum: expected each letter of the result once, and in an input, got "ij->ik".');
      expect(() => ops.einsum("ij->ii", [a])).toThrow(ops.OptionError);
      expect(() => ops.einsum("ijk->i", [a])).toThrow(new ops.ShapeError('einsum: expected 3 axes for "ijk", got [2, 3].'));
      expect(() => ops.einsum("ii->i", [a])).toThrow("einsum: expected equal sizes for the repeated letter i, got [2, 3].");
      expect(() => ops.einsum("ij,jk->ik", [a, a])).toThrow('einsum "ij,jk->ik": expected one size for j, got 3 and 2.');
    });
  });
});
