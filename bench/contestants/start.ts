/** How each contestant is started, and why one cannot be. */

import { fileURLToPath } from "node:url";
import type { PeerName } from "../case.ts";
import { type Command, Contestant } from "./contestant.ts";
import type { DlOptions } from "./dl.ts";
import { findPython } from "./python.ts";

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** A TypeScript program of this folder, under `node`; `--expose-gc` lets it begin each round without garbage. */
export const nodeCommand = (node: string, inputs: readonly string[]): Command => ({
  file: node,
  inputs: ["--expose-gc", "--conditions=@dl/source", "--import", "tsx", ...inputs],
});

/** Ours in a fresh process: nothing another case left behind, in the optimiser or in memory. */
export function startDl(node: string, options: DlOptions): Promise<Contestant> {
  return Contestant.start(`@dl on ${options.device}`, nodeCommand(node, [pathOf("./dl.ts"), JSON.stringify(options)]));
}

/** A peer, or the reason there is none. */
export async function startPeer(name: Exclude<PeerName, "bare">, { threads }: { threads: number }): Promise<Contestant | string> {
  if (name !== "torch") return Contestant.start(name, nodeCommand(process.execPath, [pathOf(`../peers/${name}.ts`)]));
  const python = await findPython();
  if ("reason" in python) return python.reason;
  const environment = { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
  return Contestant.start("PyTorch", { file: python.file, inputs: [pathOf("../peers/torch_peer.py"), String(threads)], environment });
}
