import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { arrows } from "./arrows.ts";

const core = { "packages/core/package.json": { name: "@dl/core" } };
const nn = { "packages/nn/package.json": { name: "@dl/nn", dependencies: { "@dl/core": "workspace:^" } } };
const cpu = { "packages/backend-cpu/package.json": { name: "@dl/backend-cpu", dependencies: { "@dl/core": "workspace:^" } } };

test("nn may import core, and itself by name", () => {
  expect(checkFiles(arrows, { ...core, ...nn, "packages/nn/src/a.ts": 'import { x } from "@dl/core";\nimport "@dl/nn/b";' })).toEqual([]);
});

test("core may not import nn, not even a type", () => {
  const found = checkFiles(arrows, { ...core, ...nn, "packages/core/src/a.ts": '\nimport type { Module } from "@dl/nn";' });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^error packages\/core\/src\/a.ts:2 expected @dl\/core to import none of our packages, got @dl\/nn\./);
});

test("a backend is imported by tests, but by no package", () => {
  const files = { ...core, ...nn, ...cpu };
  expect(checkFiles(arrows, { ...files, "packages/nn/src/a.test.ts": 'import { cpu } from "@dl/backend-cpu";' })).toEqual([]);
  expect(checkFiles(arrows, { ...files, "packages/nn/src/a.ts": 'const { cpu } = await import("@dl/backend-cpu");' })[0]).toMatch(
    /packages\/nn\/src\/a.ts:1 .* got @dl\/backend-cpu/,
  );
  expect(
    checkFiles(arrows, { ...files, "apps/cli/package.json": { name: "@dl/cli" }, "apps/cli/src/a.ts": 'import "@dl/backend-cpu";' }),
  ).toEqual([]);
});

test("a dependency in package.json is an arrow too", () => {
  const turned = { "packages/core/package.json": { name: "@dl/core", dependencies: { "@dl/backend-cpu": "workspace:^" } } };
  expect(checkFiles(arrows, { ...cpu, ...turned })[0]).toMatch(/^error packages\/core\/package.json:4 .*got @dl\/backend-cpu/);
});

test("domain packages do not know each other, except nas, which searches cnn", () => {
  const domain = (name: string, imports: string) => ({
    "packages/cnn/package.json": { name: "@dl/cnn" },
    "packages/gan/package.json": { name: "@dl/gan" },
    [`packages/${name}/package.json`]: { name: `@dl/${name}` },
    [`packages/${name}/src/a.ts`]: `import "${imports}";`,
  });
  expect(checkFiles(arrows, domain("nas", "@dl/cnn"))).toEqual([]);
  expect(checkFiles(arrows, domain("nas", "@dl/gan"))).toHaveLength(1);
  expect(checkFiles(arrows, domain("gan", "@dl/cnn"))).toHaveLength(1);
});

test("a cycle is named with its path, also when a development dependency closes it", () => {
  const closing = { "packages/core/package.json": { name: "@dl/core", devDependencies: { "@dl/backend-cpu": "workspace:^" } } };
  const found = checkFiles(arrows, { ...cpu, ...closing });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain("got @dl/backend-cpu → @dl/core → @dl/backend-cpu.");
});
