/** Channels that can only go together, through the whole network. */

/** One channel of a layer: an output of it, or an input. */
export interface ChannelPlace {
  /** Path of the layer. */
  readonly layer: string;
  readonly channel: number;
}

/**
 * Channels that are one thing: added to each other by a residual sum, or the same channel on its way from the layer that makes it through
 * normalisation to the layers that use it.
 */
export interface ChannelGroup {
  /** Output channels. */
  readonly made: readonly ChannelPlace[];
  /** Channels of batch normalisation and depthwise convolution in between. */
  readonly passed: readonly ChannelPlace[];
  /** Input features. */
  readonly used: readonly ChannelPlace[];
}

export interface ChannelGraph {
  /** Each can be removed on its own. */
  readonly groups: readonly ChannelGroup[];
  /** Why the output channels of a layer stay, by its path. */
  readonly fixed: ReadonlyMap<string, string>;
}

/** The layers of a group: groups with equal ones do the same work. */
function signatureOf({ made, passed, used }: ChannelGroup): string {
  const layers = (places: readonly ChannelPlace[]): string => [...new Set(places.map(({ layer }) => layer))].sort().join(",");
  return [made, passed, used].map(layers).join(" > ");
}

/** Groups by what they do, in the order they are found in. */
export function bySignature(groups: readonly ChannelGroup[]): ChannelGroup[][] {
  const found = new Map<string, ChannelGroup[]>();
  for (const group of groups) {
    const signature = signatureOf(group);
    const same = found.get(signature);
    if (same === undefined) found.set(signature, [group]);
    else same.push(group);
  }
  return [...found.values()];
}

/** Sets that are joined, with the root of each. */
export class JoinedSets {
  readonly #parents = new Map<string, string>();

  root(item: string): string {
    let at = item;
    for (let up = this.#parents.get(at); up !== undefined; up = this.#parents.get(at)) at = up;
    // Shortens the way for the next one.
    for (let step = item; step !== at; ) {
      const next = this.#parents.get(step)!;
      this.#parents.set(step, at);
      step = next;
    }
    return at;
  }

  join(a: string, b: string): void {
    const [rootA, rootB] = [this.root(a), this.root(b)];
    if (rootA !== rootB) this.#parents.set(rootA, rootB);
  }
}
