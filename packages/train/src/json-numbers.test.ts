import fc from "fast-check";
import { expect, test } from "vitest";
import { fromJson, toJson } from "./json-numbers.ts";

test("numbers that JSON cannot say survive it", () => {
  const value = { loss: Number.NaN, bounds: [-Infinity, Infinity], zero: -0, text: "NaN", nothing: null, nested: { $number: 3, a: 1 } };
  expect(JSON.stringify(toJson(value))).toContain('"loss":{"$number":"NaN"}');
  expect(fromJson(JSON.parse(JSON.stringify(toJson(value))))).toEqual(value);
});

test("any plain data comes back as it was, to the bit", () => {
  const leaf = fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null));
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie("tree")), fc.dictionary(fc.stringMatching(/^[a-z]+$/), tie("tree"))),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      expect(fromJson(JSON.parse(JSON.stringify(toJson(value))))).toEqual(value);
    }),
  );
});

test("fields that are undefined are left out, as JSON does", () => {
  expect(toJson({ best: undefined, value: 1 })).toEqual({ value: 1 });
});
