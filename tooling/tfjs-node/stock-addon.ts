/** The addon as @tensorflow/tfjs-node publishes it: its own installation downloads TensorFlow 2.9.1 and a binary. */
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { commandOutput } from "./command-output.ts";
import type { AddonPackage } from "./package-folder.ts";
import { messageOf, Problem } from "./problem.ts";

/** The host that tfjs-node's scripts/install.js takes TensorFlow from; it can be set to a mirror's. */
function downloadHost(): string {
  return (
    process.env.TFJS_NODE_CDN_STORAGE ??
    process.env.npm_config_TFJS_NODE_CDN_STORAGE ??
    process.env.CDN_STORAGE ??
    "https://storage.googleapis.com/"
  );
}

/** Rejects within seconds when the download cannot work: the script itself would delete what is there and then fail. */
export async function checkDownload(): Promise<void> {
  const host = downloadHost();
  try {
    await fetch(host, { method: "HEAD", signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new Problem(`${host} cannot be reached (${messageOf(cause)})`);
  }
}

export async function installStock({ folder, install, addon, name }: AddonPackage): Promise<void> {
  await checkDownload();
  const [program = "node", ...args] = install.split(" ");
  // The script calls node-pre-gyp by its bare name, as npm lets it.
  const bins = [join(folder, "node_modules", ".bin"), join(dirname(dirname(folder)), ".bin")];
  const env = { ...process.env, PATH: [...bins, process.env.PATH].join(delimiter) };
  const { ok, reason } = commandOutput(program === "node" ? process.execPath : program, args, { cwd: folder, env, minutes: 15 });
  if (!ok || !existsSync(addon))
    throw new Problem(`${name}: expected its installation (${install}) to bring the addon, got ${ok ? "none" : reason}`);
}
