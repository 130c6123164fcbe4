/** The files of a new package: the form every package has, around one small idea that is there to be replaced. */

export interface NewPackage {
  /** Without the scope: `diffusion`. */
  readonly name: string;
  /** One sentence: what a user gets. */
  readonly description: string;
  /** The root's LICENSE. */
  readonly license: string;
  /** The root's `engines`. */
  readonly engines: Readonly<Record<string, string>>;
}

/** Texts by path from the root of the repository. */
export function packageFiles({ name, description, license, engines }: NewPackage): Map<string, string> {
  const folder = `packages/${name}`;
  return new Map([
    [`${folder}/package.json`, `${JSON.stringify(manifest({ name, description, engines }), null, 2)}\n`],
    [`${folder}/tsconfig.json`, '{ "extends": "../../tooling/tsconfig/library.json" }\n'],
    [`${folder}/LICENSE`, license],
    [`${folder}/README.md`, readme(name, description)],
    [
      `${folder}/src/index.ts`,
      `/** @dl/${name}: ${description} This file is the table of contents. */\n\nexport { swish } from "./swish.ts";\n`,
    ],
    [`${folder}/src/swish.ts`, source],
    [`${folder}/src/swish.test.ts`, test],
    [`.changeset/new-${name}.md`, `---\n"@dl/${name}": minor\n---\n\n${description}\n`],
  ]);
}

function manifest({ name, description, engines }: Omit<NewPackage, "license">): object {
  return {
    name: `@dl/${name}`,
    version: "0.0.0",
    description,
    license: "MIT",
    type: "module",
    sideEffects: false,
    engines,
    files: ["dist", "README.md", "CHANGELOG.md", "LICENSE"],
    exports: { ".": { "@dl/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" } },
    scripts: { build: "tsc -p tsconfig.json" },
    dependencies: { "@dl/core": "workspace:^" },
  };
}

const source = `/** Swish, as a first idea to replace. Ramachandran et al. 2017, arXiv:1710.05941, equation 1. */

import { mul, sigmoid, type Tensor } from "@dl/core";

/** How steep the gate of swish is. */
export interface SwishOptions {
  /** Default 1. */
  slope?: number;
}

/**
 * Each value gated by its own sigmoid: \`x · σ(slope · x)\`.
 *
 * @param x Any shape.
 * @returns The same shape.
 * @example
 * swish(tensor([0, 1, -1])); // [0, 0.7310586, -0.2689414]
 */
export function swish(x: Tensor, { slope = 1 }: SwishOptions = {}): Tensor {
  return mul(x, sigmoid(mul(x, slope)));
}
`;

const test = `import { cpu } from "@dl/backend-cpu";
import { type HostTensor, openDevice, tensor } from "@dl/core";
import { expect, test } from "vitest";
import { swish } from "./swish.ts";

async function values(work: () => ReturnType<typeof swish>): Promise<readonly number[]> {
  await using device = await openDevice(cpu());
  const result = (await device.compute(work)) as HostTensor;
  expect(device.memory().buffers).toBe(0);
  return [...result.data];
}

test("swish of 0 is 0, and of ±1 is ±σ(±1)", async () => {
  const [zero, one, minusOne] = await values(() => swish(tensor([0, 1, -1])));
  expect(zero).toBe(0);
  expect(one).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  expect(minusOne).toBeCloseTo(-1 / (1 + Math.E), 6);
});

test("a steep gate makes it ReLU", async () => {
  expect(await values(() => swish(tensor([-2, 3]), { slope: 100 }))).toEqual([-0, 3]);
});
`;

function readme(name: string, description: string): string {
  return `# @dl/${name}

${description}

\`\`\`sh
npm install @dl/${name} @dl/core @dl/backend-cpu
\`\`\`

\`\`\`ts
import { cpu } from "@dl/backend-cpu";
import { openDevice, tensor } from "@dl/core";
import { swish } from "@dl/${name}";

await using device = await openDevice(cpu());
const gated = await device.compute(() => swish(tensor([0, 1, -1])));
console.log(gated.data); // [0, 0.7310586, -0.2689414]
\`\`\`

## Contents

| name    | what it is                          |
| ------- | ----------------------------------- |
| \`swish\` | each value gated by its own sigmoid |
`;
}
