import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { buildAddon, checkCompiler } from "./build-addon.ts";
import { addonPackage } from "./package-folder.ts";
import { smokeTest } from "./smoke-test.ts";
import { checkDownload } from "./stock-addon.ts";
import { findWheel, linkArguments } from "./tensorflow-wheel.ts";

const folder = mkdtempSync(join(tmpdir(), "dl-tfjs-node-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that answers every call with `lines`. */
function fakeProgram(name: string, lines: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\ncat <<'END'\n${lines}\nEND\n`);
  chmodSync(file, 0o755);
  return file;
}

test("the installed package says where its addon belongs, and how it installs itself", () => {
  const found = addonPackage("@tensorflow/tfjs-node");
  expect(found).toMatchObject({ name: "@tensorflow/tfjs-node", version: "4.22.0", install: "node scripts/install.js" });
  expect(found.addon).toMatch(/tfjs-node[/\\]lib[/\\]napi-v8[/\\]tfjs_binding\.node$/);
  expect(addonPackage(found.folder)).toEqual(found);
});

test("a package that is not there, or is another one, is named", () => {
  expect(() => addonPackage("@tensorflow/tfjs-nodes")).toThrow(/@tensorflow\/tfjs-nodes: expected it in node_modules.*pnpm install/);
  const other = join(folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, "package.json"), '{ "name": "other", "version": "1.2.3" }');
  expect(() => addonPackage(other)).toThrow(/got other 1\.2\.3/);
});

describe("what a build needs is checked first", () => {
  test("the compiler", () => {
    expect(() => checkCompiler("no-such-compiler")).toThrow(
      /expected a C\+\+17 compiler, got: no-such-compiler is not there.*apt-get install g\+\+/,
    );
    expect(() => checkCompiler(fakeProgram("old-compiler", "4.8.5"))).toThrow(/g\+\+ 9 or later.*got 4\.8\.5/);
  });

  test("a Python with TensorFlow, all of it", () => {
    expect(() => findWheel(["no-such-python"])).toThrow(/pip install tensorflow-cpu.*got none: no-such-python is not there/);
    expect(() => findWheel([fakeProgram("bare-python", '[null, "unknown"]')])).toThrow(/bare-python has no tensorflow/);
    const half = join(folder, "tensorflow");
    mkdirSync(join(half, "include", "tensorflow", "c", "eager"), { recursive: true });
    writeFileSync(join(half, "libtensorflow_framework.so.2"), "");
    writeFileSync(join(half, "include", "tensorflow", "c", "eager", "c_api.h"), "");
    const python = fakeProgram("half-python", JSON.stringify([half, "2.21.0"]));
    expect(() => findWheel([python])).toThrow(/TensorFlow 2\.21\.0 in .* lacks libtensorflow_cc\.so\.2/);
    writeFileSync(join(half, "libtensorflow_cc.so.2"), "");
    const wheel = findWheel(["no-such-python", python]);
    expect(wheel).toEqual({ python, version: "2.21.0", folder: half });
    expect(linkArguments(wheel)).toContain(`-Wl,-rpath,${half}`);
  });

  test("a build that fails says what the compiler said, and leaves the addon that was there", () => {
    const addon = join(folder, "lib", "tfjs_binding.node");
    const target = { ...addonPackage("@tensorflow/tfjs-node"), addon };
    const wheel = { python: "python3", version: "2.21.0", folder };
    const compiler = join(folder, "failing-compiler");
    writeFileSync(compiler, "#!/bin/sh\necho 'no such header' >&2\nexit 1\n");
    chmodSync(compiler, 0o755);
    mkdirSync(join(folder, "lib"));
    writeFileSync(addon, "the old one");
    expect(() => buildAddon(target, { wheel, compiler })).toThrow(/TensorFlow 2\.21\.0 .* exit code 1:\nno such header/);
    expect(() => smokeTest(addon)).toThrow(/expected .*tfjs_binding\.node to load and compute/);
  });
});

test("an addon that is missing is not a crash", () => {
  expect(() => smokeTest(join(folder, "nothing.node"))).toThrow(/expected the addon at .*nothing\.node, got nothing there/);
});

test("a host that cannot be reached is found out before the package's own script deletes anything", async () => {
  vi.stubEnv("TFJS_NODE_CDN_STORAGE", "http://127.0.0.1:9/");
  await expect(checkDownload()).rejects.toThrow(/127\.0\.0\.1:9\/ cannot be reached/);
  const server = createServer((_, response) => void response.end()).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  vi.stubEnv("TFJS_NODE_CDN_STORAGE", `http://127.0.0.1:${(server.address() as { port: number }).port}/`);
  await expect(checkDownload()).resolves.toBeUndefined();
  server.close();
  vi.unstubAllEnvs();
});
