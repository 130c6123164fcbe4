import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { packageForm } from "./package-form.ts";

const manifest = {
  name: "@dl/nn",
  version: "0.0.0",
  description: "Layers, losses and optimizers.",
  license: "MIT",
  type: "module",
  sideEffects: false,
  engines: { node: ">=20.19" },
  files: ["dist", "README.md", "CHANGELOG.md", "LICENSE"],
  exports: { ".": { "@dl/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" } },
  scripts: { build: "tsc -p tsconfig.json" },
};
const good = {
  "packages/nn/package.json": manifest,
  "packages/nn/LICENSE": "MIT License\n",
  "packages/nn/README.md": "# @dl/nn\n\n```ts\nf();\n```\n",
  "packages/nn/src/index.ts": '/** Contents. */\n\nexport * from "./linear.ts";\nexport type { A } from "./a.ts";\n',
};
const withManifest = (change: object) => checkFiles(packageForm, { ...good, "packages/nn/package.json": { ...manifest, ...change } });

test("a package in good form passes", () => {
  expect(checkFiles(packageForm, good)).toEqual([]);
});

test.each([
  [{ sideEffects: undefined }, 'expected "sideEffects": false, got nothing'],
  [{ name: "@dl/layers" }, 'expected "name": "@dl/nn", got "@dl/layers"'],
  [{ private: true }, 'expected no "private", got true'],
  [{ type: "commonjs" }, 'expected "type": "module", got "commonjs"'],
  [{ files: ["dist", "src"] }, 'expected "files": ["dist","README.md","CHANGELOG.md","LICENSE"], got ["dist","src"]'],
  [{ engines: { node: ">=22" } }, 'expected "engines": {"node":">=20.19"}, got {"node":">=22"}'],
  [{ description: "" }, 'expected a "description" of one sentence'],
  [{ scripts: { build: "tsc", postinstall: "node x.js" } }, 'expected no script that runs at installation, got "postinstall"'],
  [{ scripts: {} }, 'expected a "build" script'],
  [{ dependencies: { fflate: "^0.8.3" } }, 'expected fflate at "catalog:", got "^0.8.3"'],
  [{ dependencies: { dl: "^1.0.0" } }, 'expected dl at "workspace:^", got "^1.0.0"'],
  [{ exports: undefined }, 'expected "exports" with "."'],
  [{ exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } } }, 'expected "." to name @dl/source, types and default'],
  [
    { exports: { ".": { types: "./dist/index.d.ts", "@dl/source": "./src/index.ts", default: "./dist/index.js" } } },
    "in this order and for the same file",
  ],
  [
    { exports: { ...manifest.exports, "./x": { "@dl/source": "./src/x.ts", types: "./dist/x.d.ts", default: "./dist/x.js" } } },
    "got ./src/x.ts",
  ],
])("package.json with %j does not", (change, message) => {
  const found = withManifest(change);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(message);
});

test("a data file may be exported by a plain string", () => {
  expect(withManifest({ exports: { ...manifest.exports, "./package.json": "./package.json" } })).toEqual([]);
});

test("a peer dependency takes any version that works", () => {
  expect(withManifest({ peerDependencies: { vitest: ">=4" } })).toEqual([]);
});

test("README, its example and the licence are needed", () => {
  const { "packages/nn/README.md": _readme, ...without } = good;
  expect(checkFiles(packageForm, without)[0]).toContain("packages/nn/README.md:1 expected a README.md, got none");
  expect(checkFiles(packageForm, { ...good, "packages/nn/README.md": "# @dl/nn\n" })[0]).toContain("expected one example in a ```ts block");
  expect(checkFiles(packageForm, { ...good, "packages/nn/LICENSE": "ISC" })[0]).toContain("expected the root's LICENSE, got another text");
});

test("index.ts holds no code of its own", () => {
  const found = checkFiles(packageForm, { ...good, "packages/nn/src/index.ts": 'export * from "./a.ts";\nexport const size = 3;\n' });
  expect(found[0]).toMatch(
    /packages\/nn\/src\/index.ts:2 expected nothing but `export … from "\.\/file.ts"`, got "export const size = 3;"/,
  );
});
