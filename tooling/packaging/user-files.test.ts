import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { browserBundle } from "./browser-bundle.ts";
import { runCommand } from "./run-command.ts";
import { typeCheck } from "./type-check.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "dl-user-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("a browser bundle reports what it loads of Node at once, not what it would load on demand", async () => {
  write("on-demand.js", 'export const read = async (path) => (await import("node:fs")).readFileSync(path);\n');
  write("at-once.js", 'import * as fs from "node:fs";\nexport const read = (path) => fs.readFileSync(path);\n');
  const clean = await browserBundle(write("clean.js", 'export * from "./on-demand.js";\n'), folder);
  expect(clean.nodeModules).toEqual([]);
  expect(clean.gzipBytes).toBeGreaterThan(20);
  const dirty = await browserBundle(write("dirty.js", 'export * from "./at-once.js";\n'), folder);
  expect(dirty.nodeModules).toEqual(["node:fs"]);
  await expect(browserBundle(write("named.js", 'export { join } from "node:path";\n'), folder)).rejects.toThrow(/node:path/);
});

test("types are checked the two ways, and without Node's unless asked for", () => {
  const good = write("good.ts", "export const a: number = 1;\n");
  const bad = write("bad.ts", 'export const a: number = "1";\n');
  const node = write("node.ts", "export const a: NodeJS.Platform = process.platform;\n");
  for (const resolution of ["nodenext", "bundler"] as const) {
    expect(typeCheck(good, { resolution })).toEqual([]);
    expect(typeCheck(bad, { resolution })[0]).toMatch(/bad\.ts:1: Type 'string' is not assignable to type 'number'/);
    expect(typeCheck(node, { resolution }).length).toBeGreaterThan(0);
  }
});

test("a failing command is an error with what it printed", async () => {
  await expect(runCommand([process.execPath, "-e", "console.log('why'); process.exit(3)"], { cwd: folder })).rejects.toThrow(
    /got 3\.\nwhy/,
  );
  expect(await runCommand([process.execPath, "-e", "console.log('fine')"], { cwd: folder })).toBe("fine\n");
});
