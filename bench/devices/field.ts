/** Who takes part in `pnpm bench:devices`: ours on every device, and the peers. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { wasm } from "@dl/backend-wasm";
import { Contestant } from "../contestants/contestant.ts";
import type { DeviceName, DlOptions } from "../contestants/dl.ts";
import { findPython } from "../contestants/python.ts";
import { nodeCommand, startDl, startPeer } from "../contestants/start.ts";

export interface FieldOptions {
  readonly node: string;
  readonly threads: number;
}

export interface Starter {
  readonly name: string;
  readonly ours: boolean;
  /** Names of the cases it takes part in: for whoever takes seconds for a step, one is enough. Default all. */
  readonly takes?: RegExp;
  /** A contestant, or the reason there is none. */
  readonly start: (options: FieldOptions) => Promise<Contestant | string>;
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** One that needs seconds for a step. */
const slow = /^(cnn-step-32|matmul-512)$/;

interface OwnOptions extends Pick<Starter, "takes"> {
  readonly name?: string;
  /** Default those that were asked for. */
  readonly threads?: number;
}

const own = (device: DeviceName, { name = `@dl ${device}`, threads: mine, ...takes }: OwnOptions = {}): Starter => ({
  name,
  ours: true,
  ...takes,
  start: ({ node, threads }) => startDl(node, { device, threads: mine ?? threads, relaxed: "auto" }),
});

const peer = (name: string, start: Starter["start"], takes: Pick<Starter, "takes"> = {}): Starter => ({
  name,
  ours: false,
  start,
  ...takes,
});

/** A peer that runs in Node. */
const nodePeer = (name: string, takes: Pick<Starter, "takes"> = {}): Starter =>
  peer(name, ({ node }) => Contestant.start(name, nodeCommand(node, [pathOf(`../peers/${name}.ts`)])), takes);

/** A contestant in headless Chromium, or the reason there is none. */
async function inChromium(name: string, { node, program, options }: { node: string; program: string; options?: DlOptions }) {
  const browser = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  if (!existsSync(browser)) return `no browser at ${browser}: install one (apt-get install chromium) or set CHROMIUM_PATH to it`;
  return Contestant.start(name, nodeCommand(node, [pathOf("../contestants/chromium.ts"), pathOf(program), JSON.stringify(options ?? {})]));
}

/** Chromium has relaxed SIMD; where this Node has not, plain SIMD is held against plain SIMD. */
const hasRelaxed = (): boolean =>
  wasm()
    .variants()
    .some(({ name, reason }) => name === "relaxed SIMD" && reason === undefined);

const inPage = (device: DeviceName, takes: Pick<Starter, "takes"> = {}): Starter => ({
  name: `@dl ${device} in Chromium`,
  ours: true,
  ...takes,
  start: ({ node, threads }) => {
    const options = { device, threads, relaxed: hasRelaxed() ? "auto" : false } as const;
    return inChromium(`@dl ${device} in Chromium`, { node, program: "../contestants/dl-in-browser.ts", options });
  },
});

/** The first one writes the weights and inputs that all the others start from. */
export const field: readonly Starter[] = [
  own("wasm"),
  own("wasm", { name: "@dl wasm, 1 thread", threads: 1, takes: /^(cnn-step|gpt)/ }),
  inPage("wasm", { takes: /^(cnn-step|gpt)/ }),
  own("cpu", { takes: /^(cnn-step-32|lenet|matmul-512|add)/ }),
  own("tensorflow"),
  own("cuda"),
  own("webgpu", { takes: /^(cnn-step-32|gpt|matmul-512)/ }),
  inPage("webgpu", { takes: slow }),
  peer("PyTorch", (options) => startPeer("torch", options)),
  peer("Keras", async ({ threads }) => {
    const python = await findPython("keras", "DL_KERAS_PYTHON");
    if ("reason" in python) return python.reason;
    return Contestant.start("Keras", { file: python.file, inputs: [pathOf("../peers/keras_peer.py"), String(threads)] });
  }),
  nodePeer("tfjs-node"),
  nodePeer("tfjs-wasm", { takes: /^(cnn-step-32|lenet|matmul-512)/ }),
  nodePeer("tfjs-webgpu", { takes: slow }),
  nodePeer("jax-js", { takes: slow }),
  peer("jax-js in Chromium", ({ node }) => inChromium("jax-js in Chromium", { node, program: "../peers/jax-in-browser.ts" }), {
    takes: slow,
  }),
];
