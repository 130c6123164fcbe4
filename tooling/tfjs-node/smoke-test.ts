/** Does an addon load, and is a convolution's gradient right? In a process of its own: a broken library takes its process with it. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandOutput } from "./command-output.ts";
import { Problem } from "./problem.ts";

export interface AddonReport {
  /** TensorFlow's. */
  readonly version: string;
  /** TensorFlow lists a GPU. */
  readonly gpu: boolean;
}

const program = fileURLToPath(new URL("smoke.cjs", import.meta.url));

export function smokeTest(addon: string, { node = process.execPath }: { node?: string } = {}): AddonReport {
  if (!existsSync(addon)) throw new Problem(`expected the addon at ${addon}, got nothing there`);
  const { ok, output, reason } = commandOutput(node, [program, addon], { minutes: 2 });
  if (!ok) throw new Problem(`expected ${addon} to load and compute, got ${reason}`);
  const { version, gpu, gradient } = JSON.parse(output.split("\n").at(-1) ?? "") as AddonReport & { gradient: number[] };
  const expected = [5421, 6532, 8754, 9865];
  if (gradient.join() !== expected.join()) {
    throw new Problem(`${addon}: expected a convolution's gradient of ${expected.join(", ")}, got ${gradient.join(", ")}`);
  }
  return { version, gpu };
}
