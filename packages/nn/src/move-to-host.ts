/** A model, and what trains it, on its way from one device to another. */

import type { Stateful } from "./checkpoints/checkpoint.ts";
import type { Module } from "./module.ts";

/**
 * Brings the values of a model and of what belongs to it, optimizers and averages, to the host; the next device that uses them takes them up. Training goes
 * on where it was.
 *
 * From a device that reads at once (cpu, wasm, tensorflow) values move by themselves when another device uses them; from WebGPU they must be brought. Either way
 * nothing of them is left on the device. Outside of `compute`; all are read before one is moved.
 *
 * @throws OptionError for an optimizer of another model, or an average that stands in the place of the weights.
 * @example no-run
 * await moveToHost(model, optimizer);
 * await other.compute(() => model.forward(tensor(images), inference));
 */
export async function moveToHost(model: Module, ...others: readonly Stateful[]): Promise<void> {
  const cells = [...model.state().values()];
  const values = await Promise.all(cells.map((cell) => cell.read()));
  const states = await Promise.all(others.map((other) => other.read(model)));
  for (const [i, cell] of cells.entries()) cell.load(values[i]!);
  for (const [i, other] of others.entries()) other.load(model, states[i]!);
}
