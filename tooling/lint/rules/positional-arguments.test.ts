import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { positionalArguments } from "./positional-arguments.ts";

const check = (code: string, index = 'export { f } from "./f.ts";') =>
  checkFiles(positionalArguments, {
    "packages/nn/package.json": { name: "@dl/nn", exports: { ".": { "@dl/source": "./src/index.ts" } } },
    "packages/nn/src/index.ts": index,
    "packages/nn/src/f.ts": code,
  });

test.each([
  "export function f(x: number, y: number, { stride = 1 }: FOptions): void {}",
  "export const f = (x: number, y: number, options?: FOptions) => x;",
  "export const f = (x: number, y: number, where: LinearOptions) => x;",
  "export function f(...all: number[]): void {}",
  "export function other(a: number, b: number, c: number, d: number): void {}\nexport const f = 1;",
])("%s passes", (code) => {
  expect(check(code)).toEqual([]);
});

test("a third positional argument is a warning, a fourth an error", () => {
  expect(check("export function f(a: number, b: number, c: number): void {}")[0]).toMatch(
    /^warning .*expected f\(\) to take at most two .*got \(a, b, c\)/,
  );
  expect(check("\nexport const f = (a: number, b: number, c: number, d: number) => a;")[0]).toMatch(/^error packages\/nn\/src\/f.ts:2 /);
});

test("a bare boolean is an error", () => {
  expect(check("export function f(x: number, keepDims: boolean): void {}")[0]).toMatch(/^error .*no bare boolean, got keepDims: boolean/);
});

test("methods and constructors of public classes count, private ones do not", () => {
  const found = check(
    "export class F {\n  constructor(a: A, b: B, c: C, d: D) {}\n  step(a: A, flag: boolean) {}\n  #inner(a: A, b: B, c: C, d: D) {}\n  private old(flag: boolean) {}\n}",
    'export { F as G } from "./f.ts";',
  );
  expect(found.map((line) => line.split(" to take ")[0])).toEqual([
    "error packages/nn/src/f.ts:2 expected new G()",
    "error packages/nn/src/f.ts:3 expected G.step()",
  ]);
});

test("`export *` is followed", () => {
  expect(check("export function f(a: A, b: B, c: C, d: D): void {}", 'export * from "./f.ts";')).toHaveLength(1);
});
