import { expect, test } from "vitest";
import { Claims, expectationOf } from "./claims.ts";

function holds(value: unknown, comment: string): boolean {
  const claims = new Claims();
  const expected = expectationOf(comment);
  if (expected === undefined) throw new Error(`${comment} is prose`);
  claims.note(value, { expected, at: "README.md:1" });
  try {
    claims.verify();
    return true;
  } catch {
    return false;
  }
}

const tensor = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 0.1) };

test.each<[unknown, string]>([
  [2 / 3, "0.6666666666666666"],
  [2 / 3, "0.667"],
  [6, "6"],
  [Float32Array.of(0, 2), "Float32Array [0, 2]"],
  [[[1], [2]], "[[1], [2]]"],
  ["lenet", '"lenet"'],
  [true, "true"],
  [tensor, "[[1, 2], [3, 0.1]]"],
  [tensor, "[2, 2]"],
  [tensor, "float32 [2, 2]"],
])("%j is %s", (value, comment) => {
  expect(holds(value, comment)).toBe(true);
});

test.each<[unknown, string]>([
  [2 / 3, "0.66"],
  [7, "6"],
  [Float32Array.of(0, 2), "[0, 2, 0]"],
  [tensor, "[[1, 2], [3, 4]]"],
  [tensor, "[4]"],
  [tensor, "int32 [2, 2]"],
  [undefined, "6"],
])("%j is not %s", (value, comment) => {
  expect(holds(value, comment)).toBe(false);
});

test("prose and symbolic shapes claim nothing", () => {
  for (const comment of ["[B, T, C]", "logits [2, 2]: the first is right", "6 or more"]) expect(expectationOf(comment)).toBeUndefined();
});

test("in a loop the first value counts", () => {
  const claims = new Claims();
  for (const value of [64, 64, 8]) claims.note(value, { expected: { json: 64, decimals: 0 }, at: "README.md:1" });
  expect(claims.values).toEqual([64]);
});
