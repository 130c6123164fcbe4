/**
 * Where an adapter stands on a layer: one around the other, and merged into its weights one after the other.
 *
 * Merged or beside, the layer must give the same. Sums may change places; a factor around a sum may not, and what is merged last has to
 * be taken back first.
 */

import { type Device, type HostTensor, OptionError } from "@dl/core";
import { Linear, type Parameter } from "@dl/nn";
import type { Table, TargetLayer } from "./targets.ts";

export interface StandingOptions {
  /** The adapter's class, for errors. */
  name: string;
  /** It adds to the output something that depends on the input alone, as LoRA does. Default false. */
  adds?: boolean;
  /** It reads the layer's weights in each pass, as DoRA does: nothing may change them under it. Default false. */
  reads?: boolean;
}

interface Layer {
  /** Innermost first. */
  readonly around: Standing[];
  /** In the order in which they were merged. */
  readonly merged: Standing[];
}

const layers = new WeakMap<Table, Layer>();

function layerOf(table: Table): Layer {
  let found = layers.get(table);
  if (found === undefined) {
    found = { around: [], merged: [] };
    layers.set(table, found);
  }
  return found;
}

/** One adapter on one layer; made, it is the outermost. */
export class Standing<L extends Table = Table> {
  readonly target: TargetLayer<L>;
  readonly name: string;
  readonly adds: boolean;
  readonly reads: boolean;
  #state: "beside" | "merging" | "merged" = "beside";
  #before: { readonly weight: HostTensor; readonly bias: HostTensor | undefined } | undefined;

  constructor(target: TargetLayer<L>, { name, adds = false, reads = false }: StandingOptions) {
    this.target = target;
    this.name = name;
    this.adds = adds;
    this.reads = reads;
    layerOf(target.layer).around.push(this);
  }

  get isMerged(): boolean {
    return this.#state === "merged";
  }

  leave(): void {
    const { around } = layerOf(this.target.layer);
    const at = around.indexOf(this);
    if (at >= 0) around.splice(at, 1);
  }

  /** @throws OptionError where the layer would give something else with this one merged. */
  requireMerge(): void {
    const { path, layer } = this.target;
    const { around, merged } = layerOf(layer);
    const where = `${this.name}.merge: ${path}`;
    if (this.#state !== "beside") throw new OptionError(`${where}: expected an adapter that is not merged yet, got a merged one.`);
    if (merged.some((other) => other.#state === "merging")) {
      throw new OptionError(`${where}: expected one merge at a time, got a second one. Await the first.`);
    }
    const mine = around.indexOf(this);
    for (const [place, other] of around.entries()) {
      if (other === this || other.isMerged) continue;
      if (place < mine && !(this.adds && other.adds)) {
        throw new OptionError(
          `${where}: expected all inside of it to be merged, got ${other.name} beside the weights: one changes what the other gives. Merge or detach that first.`,
        );
      }
    }
    this.#requireUnread(where);
  }

  /** @throws OptionError where another was merged later: its weights hold this one's. */
  requireUnmerge(): void {
    const { path, layer } = this.target;
    const where = `${this.name}.unmerge: ${path}`;
    if (!this.isMerged) throw new OptionError(`${where}: expected a merged adapter, got one that is not.`);
    const last = layerOf(layer).merged.at(-1)!;
    if (last !== this) {
      throw new OptionError(`${where}: expected the adapter that was merged last, got one before ${last.name}. Unmerge that one first.`);
    }
    this.#requireUnread(where);
  }

  #requireUnread(where: string): void {
    const { around } = layerOf(this.target.layer);
    const reader = around.slice(around.indexOf(this) + 1).find((other) => other.reads && !other.isMerged);
    if (reader !== undefined) {
      throw new OptionError(
        `${where}: expected weights that no other adapter reads, got ${reader.name} with DoRA outside of it. Detach that first.`,
      );
    }
  }

  /** Takes its place among the merged, before anything is awaited. */
  begin(): void {
    this.#state = "merging";
    layerOf(this.target.layer).merged.push(this);
  }

  async remember(): Promise<void> {
    const { weight } = this.target.layer;
    const bias = biasOf(this.target.layer);
    this.#before = { weight: await weight.read(), bias: await bias?.read() };
  }

  finish(): void {
    this.#state = "merged";
  }

  /** The layer's weights from before, bit for bit, with the adapter beside them again. */
  giveBack(): void {
    const { layer } = this.target;
    if (this.#before) {
      layer.weight.load(this.#before.weight);
      if (this.#before.bias) biasOf(layer)!.load(this.#before.bias);
    }
    const { merged } = layerOf(layer);
    const at = merged.indexOf(this);
    if (at >= 0) merged.splice(at, 1);
    this.#before = undefined;
    this.#state = "beside";
  }
}

const biasOf = (layer: Table): Parameter | undefined => (layer instanceof Linear ? layer.bias : undefined);

/** Merges an adapter on all its layers, or on none. */
export async function mergeAll<L extends Table>(
  standings: readonly Standing<L>[],
  { device, write }: { device: Device; write: (target: TargetLayer<L>) => void },
): Promise<void> {
  for (const each of standings) each.requireMerge();
  for (const each of standings) each.begin();
  try {
    for (const each of standings) await each.remember();
    await device.compute(() => {
      for (const { target } of standings) write(target);
      // Here, so that the next pass counts it once.
      for (const each of standings) each.finish();
    });
  } catch (error) {
    for (const each of standings) each.giveBack();
    throw error;
  }
}

/** Takes an adapter out of the weights of all its layers, or of none. */
export function unmergeAll(standings: readonly Standing[]): void {
  for (const each of standings) each.requireUnmerge();
  for (const each of standings) each.giveBack();
}
