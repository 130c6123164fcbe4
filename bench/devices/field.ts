/** Who takes part in `pnpm bench:devices`: ours on every device, and the peers. */

import { fileURLToPath } from "node:url";
import { Contestant } from "../contestants/contestant.ts";
import type { DeviceName } from "../contestants/dl.ts";
import { findPython } from "../contestants/python.ts";
import { nodeCommand, startDl, startPeer } from "../contestants/start.ts";

export interface FieldOptions {
  readonly node: string;
  readonly threads: number;
}

export interface Starter {
  readonly name: string;
  readonly ours: boolean;
  /** A contestant, or the reason there is none. */
  readonly start: (options: FieldOptions) => Promise<Contestant | string>;
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** The first one writes the weights and inputs that all the others start from. */
const devices: readonly DeviceName[] = ["wasm", "cpu", "tensorflow", "cuda", "webgpu"];

const ours = devices.map(
  (device): Starter => ({
    name: `@dl ${device}`,
    ours: true,
    start: ({ node, threads }) => startDl(node, { device, threads, relaxed: "auto" }),
  }),
);

const peer = (name: string, start: Starter["start"]): Starter => ({ name, ours: false, start });

/** A peer that runs in Node. */
const nodePeer = (name: string): Starter =>
  peer(name, ({ node }) => Contestant.start(name, nodeCommand(node, [pathOf(`../peers/${name}.ts`)])));

export const field: readonly Starter[] = [
  ...ours,
  peer("PyTorch", (options) => startPeer("torch", options)),
  peer("Keras", async ({ threads }) => {
    const python = await findPython("keras", "DL_KERAS_PYTHON");
    if ("reason" in python) return python.reason;
    return Contestant.start("Keras", { file: python.file, inputs: [pathOf("../peers/keras_peer.py"), String(threads)] });
  }),
  nodePeer("tfjs-node"),
  nodePeer("tfjs-wasm"),
  nodePeer("tfjs-webgpu"),
  nodePeer("jax-js"),
];
