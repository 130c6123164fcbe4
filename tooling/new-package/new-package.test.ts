import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { type HostTensor, openDevice, type Tensor, tensor } from "@dl/core";
import { expect, test } from "vitest";
import { rules } from "../lint/rules.ts";
import { readWorkspace, repositoryRoot } from "../workspace/read-workspace.ts";
import { workspaceOf } from "../workspace/workspace.ts";
import { packageFiles } from "./package-files.ts";
import { problemWith } from "./problem-with.ts";

const description = "Diffusion models for @dl, from noise to pictures.";
const { engines } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as { engines: Record<string, string> };
const license = readFileSync(join(repositoryRoot, "LICENSE"), "utf8");
const files = packageFiles({ name: "diffusion", description, license, engines });

test("a new package breaks no rule of the house", () => {
  const around = [...readWorkspace().files].filter(([path]) => /^(package\.json|LICENSE|packages\/core\/.*)$/.test(path));
  const workspace = workspaceOf(new Map([...around, ...files]));
  const findings = rules.flatMap((rule) => [...rule.check(workspace)]).filter(({ file }) => file.startsWith("packages/diffusion/"));
  expect(findings).toEqual([]);
  expect(workspace.projects.map(({ manifest }) => manifest.name)).toContain("@dl/diffusion");
});

test("a new package is formatted as biome formats", () => {
  const folder = mkdtempSync(join(tmpdir(), "dl-new-package-"));
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { vcs: _vcs, $schema: _schema, ...config } = JSON.parse(readFileSync(join(repositoryRoot, "biome.json"), "utf8"));
    writeFileSync(join(folder, "biome.json"), JSON.stringify(config));
    const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
    const { status, stdout, stderr } = spawnSync(process.execPath, [biome, "check", "packages"], { cwd: folder, encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("its source does what its test and its README say", async () => {
  const folder = join(repositoryRoot, "tooling", "new-package", "generated");
  mkdirSync(folder, { recursive: true });
  try {
    const source = join(folder, "swish.ts");
    writeFileSync(source, files.get("packages/diffusion/src/swish.ts") ?? "");
    const { swish } = (await import(source)) as { swish: (x: Tensor, options?: { slope: number }) => Tensor };
    await using device = await openDevice(cpu());
    const result = (await device.compute(() => swish(tensor([0, 1, -1])))) as HostTensor;
    expect([...result.data].map((value) => value.toFixed(7))).toEqual(["0.0000000", "0.7310586", "-0.2689414"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("it comes with a test, a licence and a changeset", () => {
  expect([...files.keys()].sort()).toEqual([
    ".changeset/new-diffusion.md",
    "packages/diffusion/LICENSE",
    "packages/diffusion/README.md",
    "packages/diffusion/package.json",
    "packages/diffusion/src/index.ts",
    "packages/diffusion/src/swish.test.ts",
    "packages/diffusion/src/swish.ts",
    "packages/diffusion/tsconfig.json",
  ]);
  expect(files.get(".changeset/new-diffusion.md")).toBe(`---\n"@dl/diffusion": minor\n---\n\n${description}\n`);
});

test("a bad request says what to do", () => {
  expect(problemWith({ name: "diffusion", description, exists: false })).toBeUndefined();
  expect(problemWith({ name: "Diffusion", description, exists: false })).toContain('got "Diffusion"');
  expect(problemWith({ name: "../escape", description, exists: false })).toContain("expected a name");
  expect(problemWith({ name: "cnn", description, exists: true })).toContain("packages/cnn is there already");
  expect(problemWith({ name: "diffusion", description: "diffusion", exists: false })).toContain("expected a description of one sentence");
});
