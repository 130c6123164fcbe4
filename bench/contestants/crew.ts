/** The contestants at hand: a fresh one for every case, or, where nothing is measured, one for all cases. */

import type { PeerName } from "../case.ts";
import type { Contestant } from "./contestant.ts";
import type { DlOptions } from "./dl.ts";
import { startDl, startPeer } from "./start.ts";

export interface CrewOptions {
  /** The binary that runs ours. */
  readonly node: string;
  readonly threads: number;
  readonly relaxed: boolean | "auto";
  /** Keep contestants from case to case. What one case leaves behind, in the optimising compiler or in memory, then meets the next. */
  readonly keep: boolean;
}

export class Crew implements AsyncDisposable {
  readonly #options: CrewOptions;
  readonly #members = new Map<string, Contestant | string>();

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  async dl(device: DlOptions["device"]): Promise<Contestant> {
    const { node, threads, relaxed } = this.#options;
    return (await this.#member(device, () => startDl(node, { device, threads, relaxed }))) as Contestant;
  }

  /** A peer, or the reason there is none. */
  peer(name: Exclude<PeerName, "bare">): Promise<Contestant | string> {
    return this.#member(name, () => startPeer(name, this.#options));
  }

  /** After a case. */
  async rest(): Promise<void> {
    if (!this.#options.keep) await this[Symbol.asyncDispose]();
  }

  async #member(name: string, start: () => Promise<Contestant | string>): Promise<Contestant | string> {
    const member = this.#members.get(name) ?? (await start());
    this.#members.set(name, member);
    return member;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const members = [...this.#members.values()];
    this.#members.clear();
    for (const member of members) if (typeof member !== "string") await member[Symbol.asyncDispose]();
  }
}
