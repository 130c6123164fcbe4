import { expect, test } from "vitest";
import { programOf } from "./program.ts";

const names = new Map([
  ["tensor", 'import { tensor } from "@dl/core";'],
  ["openDevice", 'import { openDevice } from "@dl/core";'],
  ["Rng", 'import { Rng } from "@dl/core";'],
  ["cpu", 'import { cpu } from "@dl/backend-cpu";'],
]);
const text = (code: string) => programOf({ file: "a.ts", line: 10, code, runs: true }, names).text;

test("an example gets the imports of the names it uses, and runs inside one compute", () => {
  const program = text("const x = tensor([1, 2]);\nx.sum(); // 3");
  expect(program).toContain('import { tensor } from "@dl/core";');
  expect(program).toContain("await using device = await openDevice(cpu());");
  expect(program).toContain("claims.verify(device.computeSync(");
  expect(program).toContain('claims.note(x.sum(), {"expected":{"json":3,"decimals":0},"at":"a.ts:11"}); // 3');
  expect(program).not.toContain("new Rng");
});

test("names it declares, and properties, are not imported", () => {
  expect(text("const tensor = { cpu: 1 };\ntensor.cpu;")).not.toContain("import { tensor }");
});

test("an example that awaits is not wrapped", () => {
  const program = text("const sum = await device.compute(() => tensor([1]).sum()); // 1");
  expect(program).not.toContain("computeSync");
  expect(program).toContain("const sum = claims.note(await device.compute(() => tensor([1]).sum()), {");
});

test("a program with imports stays as it is, but for its claims", () => {
  const program = text('import { Rng } from "@dl/core";\nconst rng = new Rng(1);\nconsole.log(rng.uniform([1]).length); // 1');
  expect(program).toMatch(/console\.log\(claims\.note\(rng\.uniform\(\[1\]\)\.length, /);
  expect(program).not.toContain("openDevice");
});

test("values may be taken for granted, what is called may not", () => {
  const program = programOf({ file: "a.ts", line: 1, code: "tensor(images);\nsofmax(x);\nnew Adan(JSON);", runs: true }, names);
  expect(program.granted).toEqual(["images", "x"]);
  expect(program.text).toContain("declare let images: any;");
});

test("the snippet begins after the lines that were put before it", () => {
  const program = programOf({ file: "a.ts", line: 10, code: "tensor([1]);", runs: true }, names);
  expect(program.text.split("\n")[program.linesBefore]).toBe("tensor([1]);");
});
